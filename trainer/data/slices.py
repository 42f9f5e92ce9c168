"""One labelled slice as scanned, whatever the data set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Phase = Literal["ED", "ES"]

Progress = Callable[[int, int], None]
"""Called with patients read and their number."""


@dataclass(frozen=True, slots=True)
class LabelledSlice:
    """One short-axis slice with the left-ventricle cavity.

    Attributes:
        patient: Id.
        phase: End-diastole or end-systole.
        index: Of the slice within the volume, from 0 in the file's own order.
        image: (H, W) float32, raw intensities.
        mask: (H, W) uint8, 1 inside the cavity.
        spacing_mm: Distance of rows, of columns, and of slices.
    """

    patient: str
    phase: Phase
    index: int
    image: NDArray[np.float32]
    mask: NDArray[np.uint8]
    spacing_mm: tuple[float, float, float]

    @property
    def name(self) -> str:
        """Unique within a data set: `patient001 ED slice 03`."""
        return f"{self.patient} {self.phase} slice {self.index:02d}"
