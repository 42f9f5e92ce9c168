"""The position of a volume's voxels in the patient, and the check that two volumes share one grid."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import nibabel
import numpy as np
from numpy.typing import NDArray

from gridctl_trainer.contract.errors import DataError

Affine = NDArray[np.float64]
SpacingMm = tuple[float, float, float]

SPACING_TOLERANCE: Final = 1e-3
"""Relative difference between two spacings that is attributed to rounding."""

PLACE_TOLERANCE: Final = 0.1
"""Distance, relative to the smallest side of a voxel, up to which two voxels count as the same."""


@dataclass(frozen=True)
class Grid:
    """Shape, spacing and position of a volume.

    Attributes:
        shape: Number of voxels along x, y and z, the axes of the file.
        spacing_mm: Spacing along the same axes.
        affine: (4, 4), maps voxel indices to the file's world coordinates, in any unit; None if the file does not
            give its position.
    """

    shape: tuple[int, int, int]
    spacing_mm: SpacingMm
    affine: Affine | None

    def differences(self, other: Grid) -> list[str]:
        """List how this grid differs from another, with both values or a distance; empty if they are the same.

        Orientation and origin are compared only if both files give them.
        """
        found = []
        if self.shape != other.shape:
            found.append(f"shape {self.shape} instead of {other.shape}")
        if not np.allclose(self.spacing_mm, other.spacing_mm, rtol=SPACING_TOLERANCE, atol=0):
            found.append(f"spacing {_millimetres(self.spacing_mm)} instead of {_millimetres(other.spacing_mm)}")
        if self.affine is not None and other.affine is not None:
            found += _displacement(self.affine, other.affine, other)
        return found


def require_same_grid(grid: Grid, path: Path, other: Grid, other_path: Path, fix: str) -> None:
    """Refuse a volume that does not lie on the grid of another.

    Args:
        grid: Grid of the volume.
        path: File of the volume.
        other: Grid that the volume must lie on.
        other_path: File with that grid.
        fix: What to do if they differ, for the message.

    Raises:
        DataError: The grids differ by more than the tolerances; the error says in what and by how much.
    """
    if found := grid.differences(other):
        raise DataError(f"it is not on the grid of {other_path.name}: {'; '.join(found)}", where=path, fix=fix)


def farthest_mm(affine: Affine, other: Affine, grid: Grid) -> float:
    """The largest distance between the positions that two affines give to the corner voxels of a grid.

    It is measured in voxels along the axes of `other` and then multiplied by the spacing, because the affine of
    published ACDC files has a scale of 1 whatever the spacing.

    Args:
        affine: (4, 4), from voxel indices to world coordinates.
        other: (4, 4), from the same indices to the same world coordinates.
        grid: Gives the shape and the spacing.

    Returns:
        The distance in mm.
    """
    corners = np.array([[*corner, 1.0] for corner in itertools.product(*((0, n - 1) for n in grid.shape))]).T
    return float(np.linalg.norm(_apart_mm(affine, other, corners, grid), axis=0).max())


def same_place(distance_mm: float, grid: Grid) -> bool:
    """Whether voxels at this distance count as lying in the same place."""
    return distance_mm <= PLACE_TOLERANCE * min(grid.spacing_mm)


def turned_degrees(affine: Affine, other: Affine) -> float:
    """The largest angle between corresponding axes of two affines, in degrees."""
    directions: list[NDArray[Any]] = [
        matrix[:3, :3] / np.linalg.norm(matrix[:3, :3], axis=0) for matrix in (affine, other)
    ]
    cosines = np.clip((directions[0] * directions[1]).sum(axis=0), -1, 1)
    return float(np.degrees(np.arccos(cosines)).max())


def _displacement(affine: Affine, other: Affine, grid: Grid) -> list[str]:
    farthest = farthest_mm(affine, other, grid)
    if same_place(farthest, grid):
        return []
    found = []
    axes, other_axes = ("".join(nibabel.aff2axcodes(matrix)) for matrix in (affine, other))  # type: ignore[no-untyped-call]
    angle = turned_degrees(affine, other)
    if axes != other_axes:
        found.append(f"orientation {axes} instead of {other_axes}")
    elif angle > 0.01:
        found.append(f"orientation turned by {angle:.2g} degrees")
    origin_mm = float(np.linalg.norm(_apart_mm(affine, other, np.array([[0.0, 0.0, 0.0, 1.0]]).T, grid)))
    if not same_place(origin_mm, grid):
        found.append(f"origin {origin_mm:.3g} mm away")
    return [*found, f"voxels up to {farthest:.3g} mm apart"]


def _apart_mm(affine: Affine, other: Affine, places: NDArray[np.float64], grid: Grid) -> NDArray[np.float64]:
    mapped = np.linalg.inv(other) @ affine @ places
    apart: NDArray[np.float64] = (mapped - places)[:3] * np.array(grid.spacing_mm)[:, None]
    return apart


def _millimetres(spacing_mm: SpacingMm) -> str:
    return " x ".join(f"{value:.5g}" for value in spacing_mm) + " mm"
