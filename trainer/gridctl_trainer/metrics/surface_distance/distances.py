"""Distances between the surfaces of two masks, in mm, on a grid whose spacing may differ by axis.

The surface of a mask is its voxels with a neighbour outside along an axis; what lies at the border of the grid is
surface. Each distance is exact: from the centre of one surface voxel to that of the nearest of the other mask.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt
from scipy.spatial import KDTree

_CELLS_PER_POINT: Final = 20
"""Up to so large a grid its distance transform takes less time than a search for each point."""


@dataclass(frozen=True, slots=True)
class SurfaceDistances:
    """Between two masks, neither of them empty.

    Attributes:
        to_truth: (P,) float64, from each surface voxel of the prediction, in mm.
        to_prediction: (T,) float64, from each surface voxel of the truth, in mm.
    """

    to_truth: NDArray[np.float64]
    to_prediction: NDArray[np.float64]

    @property
    def hd(self) -> float:
        """Hausdorff distance: the largest distance of all."""
        return float(max(self.to_truth.max(), self.to_prediction.max()))

    @property
    def hd95(self) -> float:
        """The larger of the 95th percentiles of both directions."""
        return float(max(np.percentile(self.to_truth, 95), np.percentile(self.to_prediction, 95)))

    @property
    def assd(self) -> float:
        """Mean over the surface voxels of both masks together."""
        return float(np.concatenate([self.to_truth, self.to_prediction]).mean())


def surface_distances(
    predicted: NDArray[np.bool_], truth: NDArray[np.bool_], spacing_mm: Sequence[float]
) -> SurfaceDistances:
    """Distances between the surfaces of two masks.

    Args:
        predicted: Of any number of dimensions; not empty.
        truth: Of the same shape; not empty.
        spacing_mm: Of each axis, in the order of the array.
    """
    box = bounding_box(predicted | truth)
    of_prediction, of_truth = (surface(mask[box], range(mask.ndim)) for mask in (predicted, truth))
    return SurfaceDistances(
        to_truth=nearest_mm(of_prediction, of_truth, spacing_mm),
        to_prediction=nearest_mm(of_truth, of_prediction, spacing_mm),
    )


def nearest_mm(
    points: NDArray[np.bool_], others: NDArray[np.bool_], spacing_mm: Sequence[float]
) -> NDArray[np.float64]:
    """Distance of each point of a grid to the nearest of some others, in the order of the grid.

    It is taken from whole steps along the grid, as a distance transform does: rounding a position in mm could put a
    point beyond a tolerance that it lies on.

    Args:
        points: Where they are on the grid.
        others: Of the same shape, and somewhere set.
        spacing_mm: Of each axis.
    """
    places = np.argwhere(points)
    spacing = np.asarray(spacing_mm, dtype=np.float64)
    if points.size <= _CELLS_PER_POINT * len(places):
        nearest = distance_transform_edt(~others, sampling=spacing, return_distances=False, return_indices=True)
        steps = (places - nearest[:, *places.T].T) * spacing
    else:
        targets = np.argwhere(others)
        tree = KDTree(targets * spacing, leafsize=32, balanced_tree=False, compact_nodes=False)  # it is asked only once
        steps = (places - targets[tree.query(places * spacing)[1]]) * spacing
    distances: NDArray[np.float64] = np.sqrt((steps * steps).sum(axis=1))
    return distances


def bounding_box(mask: NDArray[np.bool_]) -> tuple[slice, ...]:
    """The smallest part of the grid that holds a mask which is not empty."""
    box = []
    for axis in range(mask.ndim):
        inside = np.flatnonzero(mask.any(axis=tuple(other for other in range(mask.ndim) if other != axis)))
        box.append(slice(int(inside[0]), int(inside[-1]) + 1))
    return tuple(box)


def surface(mask: NDArray[np.bool_], axes: Sequence[int]) -> NDArray[np.bool_]:
    """Voxels of a mask with a neighbour outside along one of these axes; beyond the grid is outside."""
    inner = mask.copy()
    for axis in axes:
        along, found = np.moveaxis(mask, axis, 0), np.moveaxis(inner, axis, 0)
        found[1:] &= along[:-1]
        found[:-1] &= along[1:]
        found[[0, -1]] = False
    return mask & ~inner
