"""Distances between the surfaces of two masks, in mm, on a grid whose spacing may differ by axis.

The surface of a mask consists of its voxels that have a neighbour along an axis outside the mask. Voxels at the border
of the grid are surface. Each distance is exact: it is measured from the centre of a surface voxel to the centre of the
nearest surface voxel of the other mask.
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
"""Up to this many cells per point, a distance transform of the grid is faster than a search for each point."""


@dataclass(frozen=True, slots=True)
class SurfaceDistances:
    """Distances between the surfaces of two masks, neither of which is empty.

    Attributes:
        to_truth: (P,) float64, distance of each surface voxel of the prediction to the truth, in mm.
        to_prediction: (T,) float64, distance of each surface voxel of the truth to the prediction, in mm.
    """

    to_truth: NDArray[np.float64]
    to_prediction: NDArray[np.float64]

    @property
    def hd(self) -> float:
        """Hausdorff distance: the largest distance in either direction, in mm."""
        return float(max(self.to_truth.max(), self.to_prediction.max()))

    @property
    def hd95(self) -> float:
        """The larger of the two directions' 95th percentiles, in mm."""
        return float(max(np.percentile(self.to_truth, 95), np.percentile(self.to_prediction, 95)))

    @property
    def assd(self) -> float:
        """Average symmetric surface distance: the mean over the surface voxels of both masks together, in mm."""
        return float(np.concatenate([self.to_truth, self.to_prediction]).mean())


def surface_distances(
    predicted: NDArray[np.bool_], truth: NDArray[np.bool_], spacing_mm: Sequence[float]
) -> SurfaceDistances:
    """Compute the distances between the surfaces of two masks.

    Args:
        predicted: The predicted mask, with any number of dimensions; not empty.
        truth: The true mask, of the same shape; not empty.
        spacing_mm: Spacing of each axis, in the order of the array.
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
    """The distance of each of some grid points to the nearest of other grid points.

    It is computed from whole steps along the grid, as in a distance transform. Rounded positions in mm could move a
    point beyond a tolerance that it is exactly at.

    Args:
        points: The points, marked on the grid.
        others: The other points, marked on a grid of the same shape; not empty.
        spacing_mm: Spacing of each axis, in the order of the array.

    Returns:
        The distances in mm, in the order of the grid.
    """
    places = np.argwhere(points)
    spacing = np.asarray(spacing_mm, dtype=np.float64)
    if points.size <= _CELLS_PER_POINT * len(places):
        nearest = distance_transform_edt(~others, sampling=spacing, return_distances=False, return_indices=True)
        steps = (places - nearest[:, *places.T].T) * spacing
    else:
        targets = np.argwhere(others)
        tree = KDTree(targets * spacing, leafsize=32, balanced_tree=False, compact_nodes=False)  # used only once
        steps = (places - targets[tree.query(places * spacing)[1]]) * spacing
    distances: NDArray[np.float64] = np.sqrt((steps * steps).sum(axis=1))
    return distances


def bounding_box(mask: NDArray[np.bool_]) -> tuple[slice, ...]:
    """The smallest box of the grid that contains a mask, which must not be empty."""
    box = []
    for axis in range(mask.ndim):
        inside = np.flatnonzero(mask.any(axis=tuple(other for other in range(mask.ndim) if other != axis)))
        box.append(slice(int(inside[0]), int(inside[-1]) + 1))
    return tuple(box)


def surface(mask: NDArray[np.bool_], axes: Sequence[int]) -> NDArray[np.bool_]:
    """The voxels of a mask that have a neighbour along one of these axes outside the mask or the grid."""
    inner = mask.copy()
    for axis in axes:
        along, found = np.moveaxis(mask, axis, 0), np.moveaxis(inner, axis, 0)
        found[1:] &= along[:-1]
        found[:-1] &= along[1:]
        found[[0, -1]] = False
    return mask & ~inner
