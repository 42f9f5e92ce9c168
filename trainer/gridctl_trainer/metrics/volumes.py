"""What a metric of cases, or of patients, is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class CaseVolume:
    """One structure of one case, predicted and true, on the scanner's grid.

    Only annotated slices are in it: what nobody outlined is neither right nor wrong.

    Attributes:
        predicted: (S, H, W) bool.
        truth: (S, H, W) bool.
        spacing_mm: Distance of rows, of columns, and of slice centres, gap included; the last is 0 if unknown.
        slices: (S,) int64, growing: the place of each slice in the volume as scanned; neighbours differ by 1.
    """

    predicted: NDArray[np.bool_]
    truth: NDArray[np.bool_]
    spacing_mm: tuple[float, float, float]
    slices: NDArray[np.int64]

    @cached_property
    def true_positive(self) -> int:
        """Voxels that are in both."""
        return int(np.count_nonzero(self.predicted & self.truth))

    @cached_property
    def predicted_voxels(self) -> int:
        """Voxels of the prediction."""
        return int(np.count_nonzero(self.predicted))

    @cached_property
    def true_voxels(self) -> int:
        """Voxels of the truth."""
        return int(np.count_nonzero(self.truth))

    @property
    def false_positive(self) -> int:
        """Voxels of the prediction that are not in the truth."""
        return self.predicted_voxels - self.true_positive

    @property
    def false_negative(self) -> int:
        """Voxels of the truth that are not in the prediction."""
        return self.true_voxels - self.true_positive

    @property
    def voxel_ml(self) -> float:
        """Volume of one voxel: that of the tissue from the middle of one gap to that of the next; 0 if unknown."""
        rows, columns, slices = self.spacing_mm
        return rows * columns * slices / 1000


PatientVolumes = Mapping[str, Mapping[str, CaseVolume]]
"""Of one patient, by time point and structure: what a metric of patients is given."""
