"""One labelled slice as scanned, whatever the data set."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

Phase = str
"""A time point of the heart's cycle: `ED` and `ES` are its ends; of data without time it is empty."""

CAVITY: Final = "left_ventricle"
"""The structure that plausibility checks and ejection fractions use."""

Progress = Callable[[int, int], None]
"""Called with patients read and their number."""


@dataclass(frozen=True, slots=True)
class LabelledSlice:
    """One slice with what is outlined on it.

    Attributes:
        patient: Id.
        phase: Time point.
        index: Of the slice within the volume, from 0 in the file's own order.
        series: (T, H, W) float32, raw intensities: frames of this slice, the labelled one last. Of images with several
            channels (T, C, H, W).
        masks: Of each structure that was annotated here, by name: (H, W) uint8, 1 inside. One that has an empty mask is
            not there; one that has no mask may be there and was not annotated.
        spacing_mm: Distance of rows, of columns, and of slices; the last is 0 if unknown.
        source: The file that the masks are from.
        image_source: The file that the labelled frame is from.
        group, vendor, centre: Of the patient: diagnosis, and who made and took the scan; empty if unknown.
    """

    patient: str
    phase: Phase
    index: int
    series: NDArray[np.float32]
    masks: Mapping[str, NDArray[np.uint8]]
    spacing_mm: tuple[float, float, float]
    source: Path
    image_source: Path
    group: str = field(default="", kw_only=True)
    vendor: str = field(default="", kw_only=True)
    centre: str = field(default="", kw_only=True)

    @property
    def image(self) -> NDArray[np.float32]:
        """The labelled frame, (H, W); of images with several channels the first."""
        labelled: NDArray[np.float32] = self.series[-1] if self.series.ndim == 3 else self.series[-1, 0]
        return labelled

    @property
    def mask(self) -> NDArray[np.uint8]:
        """(H, W) uint8: the cavity of the left ventricle; nothing where it is not annotated."""
        found = self.masks.get(CAVITY)
        return np.zeros(self.image.shape, dtype=np.uint8) if found is None else found

    @property
    def structures(self) -> Mapping[str, NDArray[np.uint8]]:
        """The masks of everything but the cavity."""
        return {name: mask for name, mask in self.masks.items() if name != CAVITY}

    @property
    def name(self) -> str:
        """Unique within a data set: `patient001 ED slice 03`."""
        return " ".join([self.patient, *([self.phase] if self.phase else []), f"slice {self.index:02d}"])

    @property
    def voxel_ml(self) -> float:
        """Volume of one pixel of the mask, in ml; 0 if the distance of slices is unknown."""
        rows, columns, slices = self.spacing_mm
        return rows * columns * slices / 1000


def cavity_ml(slices: Iterable[LabelledSlice], phase: Phase) -> float:
    """Volume of the cavity in one phase, in ml: areas times the distance of slices."""
    return sum(float(labelled.mask.sum()) * labelled.voxel_ml for labelled in slices if labelled.phase == phase)
