"""The volumes that metrics of cases and patients receive."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gridctl_trainer.metrics.surface_distance.distances import SurfaceDistances
    from gridctl_trainer.metrics.surface_distance.surface_elements import SurfaceElements


@dataclass(frozen=True, eq=False)
class CaseVolume:
    """One structure of one case, predicted and true, on the scanner's grid.

    It contains only annotated slices, since a prediction is neither right nor wrong where nobody annotated. Surfaces
    are computed with each slice at its place in the scan, and end where a slice was left out.

    Attributes:
        predicted: (S, H, W) bool.
        truth: (S, H, W) bool.
        spacing_mm: Distance between rows, between columns, and between slice centres, including the gap. The last is 0
            if unknown.
        slices: (S,) int64, increasing: the place of each slice in the volume as scanned. Neighbours differ by 1.
    """

    predicted: NDArray[np.bool_]
    truth: NDArray[np.bool_]
    spacing_mm: tuple[float, float, float]
    slices: NDArray[np.int64]

    @cached_property
    def true_positive(self) -> int:
        """Number of voxels that are in both masks."""
        return _voxels(self.predicted & self.truth)

    @cached_property
    def predicted_voxels(self) -> int:
        """Number of voxels of the prediction."""
        return _voxels(self.predicted)

    @cached_property
    def true_voxels(self) -> int:
        """Number of voxels of the truth."""
        return _voxels(self.truth)

    @property
    def false_positive(self) -> int:
        """Number of voxels of the prediction that are not in the truth."""
        return self.predicted_voxels - self.true_positive

    @property
    def false_negative(self) -> int:
        """Number of voxels of the truth that are not in the prediction."""
        return self.true_voxels - self.true_positive

    @property
    def voxel_ml(self) -> float:
        """Volume of one voxel, in ml, from the middle of one gap to the middle of the next; 0 if unknown."""
        rows, columns, slices = self.spacing_mm
        return rows * columns * slices / 1000

    @property
    def has_spacing(self) -> bool:
        """Whether the spacing of all axes is known, so that lengths and volumes are."""
        return all(side > 0 for side in self.spacing_mm)

    @property
    def diagonal_mm(self) -> float:
        """Diagonal of the scan from its first to its last annotated slice, in mm."""
        rows, columns, slices = self.spacing_mm
        deep = int(self.slices[-1] - self.slices[0]) + 1 if len(self.slices) else 0
        _, high, wide = self.truth.shape
        return math.hypot(high * rows, wide * columns, deep * slices)

    @cached_property
    def distances(self) -> SurfaceDistances:
        """Distances between the surfaces of both masks, neither of which may be empty. Computed once."""
        from gridctl_trainer.metrics.surface_distance.distances import surface_distances

        return surface_distances(*self._as_scanned, self._sampling)

    @cached_property
    def elements(self) -> SurfaceElements:
        """The pieces of the surfaces of both masks, neither of which may be empty. Computed once."""
        from gridctl_trainer.metrics.surface_distance.surface_elements import surface_elements

        return surface_elements(*self._as_scanned, self._sampling)

    @cached_property
    def in_plane_hd95(self) -> dict[int, float]:
        """In-plane HD95 of each slice that shows the structure in the truth, as `hd95_by_slice`. Computed once."""
        from gridctl_trainer.metrics.surface_distance.in_plane import hd95_by_slice

        return hd95_by_slice(self)

    @property
    def _sampling(self) -> tuple[float, float, float]:
        rows, columns, slices = self.spacing_mm
        return slices, rows, columns

    @cached_property
    def _as_scanned(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Both masks with each slice at its place in the scan; slices that were left out are empty."""
        place = self.slices - self.slices[0]
        if place[-1] + 1 == len(place):
            return self.predicted, self.truth
        import numpy as np

        predicted, truth = np.zeros((2, int(place[-1]) + 1, *self.truth.shape[1:]), dtype=bool)
        predicted[place], truth[place] = self.predicted, self.truth
        return predicted, truth


def _voxels(mask: NDArray[np.bool_]) -> int:
    import numpy as np  # imported late, since descriptions of metrics need no numpy

    return int(np.count_nonzero(mask))


PatientVolumes = Mapping[str, Mapping[str, CaseVolume]]
"""The volumes of one patient by time point and structure, which metrics of patients receive."""
