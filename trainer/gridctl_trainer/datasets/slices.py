"""One labelled slice as scanned, independent of the data set."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

Phase = str
"""A time point of the cardiac cycle: end-diastole `ED` or end-systole `ES`; empty for data without a time axis."""

CAVITY: Final = "left_ventricle"
"""The structure that plausibility checks and ejection fractions use."""

Progress = Callable[[int, int], None]
"""Called with the number of patients done and the total number."""


@dataclass(frozen=True, slots=True)
class LabelledSlice:
    """One slice with the structures outlined on it.

    Attributes:
        patient: Patient id.
        phase: Time point.
        index: Index of the slice within the volume, from 0, in the order of the file.
        series: (T, H, W) float32 raw intensities: the frames of this slice, with the labelled frame last. The shape is
            (T, C, H, W) for images with several channels.
        masks: Mask of each structure that was annotated on this slice: (H, W) uint8, 1 inside. A structure with an
            empty mask is absent; a structure without a mask was not annotated and may be present.
        spacing_mm: Distance between rows, columns and slices; the last is 0 if unknown.
        source: File that the masks come from.
        image_source: File that the labelled frame comes from.
        group: Diagnosis of the patient; empty if unknown.
        vendor: Vendor of the scanner; empty if unknown.
        centre: Hospital where the scan was made; empty if unknown.
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
        """The labelled frame, (H, W); the first channel if there are several."""
        labelled: NDArray[np.float32] = self.series[-1] if self.series.ndim == 3 else self.series[-1, 0]
        return labelled

    @property
    def mask(self) -> NDArray[np.uint8]:
        """Mask of the left ventricle's cavity: (H, W) uint8; all zeros if it was not annotated."""
        found = self.masks.get(CAVITY)
        return np.zeros(self.image.shape, dtype=np.uint8) if found is None else found

    @property
    def structures(self) -> Mapping[str, NDArray[np.uint8]]:
        """The masks of all structures except the cavity."""
        return {name: mask for name, mask in self.masks.items() if name != CAVITY}

    @property
    def name(self) -> str:
        """A name that is unique within the data set, such as `patient001 ED slice 03`."""
        return " ".join([self.patient, *([self.phase] if self.phase else []), f"slice {self.index:02d}"])

    @property
    def voxel_ml(self) -> float:
        """Volume of one pixel of the mask in ml; 0 if the distance between slices is unknown."""
        rows, columns, slices = self.spacing_mm
        return rows * columns * slices / 1000


def cavity_ml(slices: Iterable[LabelledSlice], phase: Phase) -> float:
    """Volume of the cavity at one time point in ml: the sum of its areas times the distance between slices."""
    return sum(float(labelled.mask.sum()) * labelled.voxel_ml for labelled in slices if labelled.phase == phase)
