"""One labelled slice as scanned, whatever the data set."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Phase = Literal["ED", "ES"]

Structure = Literal["right_ventricle", "myocardium", "epicardium", "papillary"]
"""What a data set outlines besides the cavity. Papillary muscles count as cavity."""

Progress = Callable[[int, int], None]
"""Called with patients read and their number."""


@dataclass(frozen=True, slots=True)
class LabelledSlice:
    """One short-axis slice with the left-ventricle cavity.

    Attributes:
        patient: Id.
        phase: End-diastole or end-systole.
        index: Of the slice within the volume, from 0 in the file's own order.
        series: (T, H, W) float32, raw intensities: frames of this slice, the labelled one last.
        mask: (H, W) uint8, 1 inside the cavity.
        spacing_mm: Distance of rows, of columns, and of slices; the last is 0 if unknown.
        source: The file that the mask is from.
        image_source: The file that the labelled frame is from.
        structures: Masks like `mask` of what else is outlined here.
    """

    patient: str
    phase: Phase
    index: int
    series: NDArray[np.float32]
    mask: NDArray[np.uint8]
    spacing_mm: tuple[float, float, float]
    source: Path
    image_source: Path
    structures: Mapping[Structure, NDArray[np.uint8]] = field(default_factory=dict)

    @property
    def image(self) -> NDArray[np.float32]:
        """The labelled frame, (H, W)."""
        labelled: NDArray[np.float32] = self.series[-1]
        return labelled

    @property
    def name(self) -> str:
        """Unique within a data set: `patient001 ED slice 03`."""
        return f"{self.patient} {self.phase} slice {self.index:02d}"

    @property
    def voxel_ml(self) -> float:
        """Volume of one pixel of the mask, in ml; 0 if the distance of slices is unknown."""
        rows, columns, slices = self.spacing_mm
        return rows * columns * slices / 1000


def cavity_ml(slices: Iterable[LabelledSlice], phase: Phase) -> float:
    """Volume of the cavity in one phase, in ml: areas times the distance of slices."""
    return sum(float(labelled.mask.sum()) * labelled.voxel_ml for labelled in slices if labelled.phase == phase)
