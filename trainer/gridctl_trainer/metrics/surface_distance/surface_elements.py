"""The surface of a mask in pieces of known area, by which normalised surface Dice weights them.

A piece of surface lies between the eight voxels that meet at a point. Its form depends on which of them are inside the
mask. Its area is the area of the marching-cubes triangles in the table that google-deepmind/surface-distance publishes
(lookup_tables.py, Copyright 2018 Google Inc., Apache License 2.0; Nikolov et al. 2021, arXiv:1809.04430). All 256
entries follow from 14 by rotating and mirroring the cube, and by swapping inside and outside.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations, product
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gridctl_trainer.metrics.surface_distance.distances import bounding_box, nearest_mm

Normal = tuple[int, int, int]
"""The unsigned normal of a triangle, in eighths of a voxel's faces. Its length is the area of the triangle."""

_BITS: Final = np.array([[[128, 64], [32, 16]], [[8, 4], [2, 1]]])
"""What each of the eight voxels that meet at a point adds to the point's code if it is inside the mask."""

_OUTSIDE, _INSIDE = 0, 255
"""The codes without a surface."""

_FORMS: Final[dict[int, tuple[Normal, ...]]] = {
    0: (),
    1: ((1, 1, 1),),
    3: ((2, 2, 0), (2, 2, 0)),
    6: ((1, 1, 1), (1, 1, 1)),
    7: ((1, 1, 1), (2, 2, 2), (4, 0, 0)),
    15: ((4, 0, 0), (4, 0, 0)),
    22: ((1, 1, 1), (1, 1, 1), (1, 1, 1)),
    23: ((1, 1, 1), (1, 1, 1), (2, 2, 2), (2, 2, 2)),
    24: ((1, 1, 1), (1, 1, 1)),
    25: ((0, 2, 2), (0, 2, 2), (1, 1, 1)),
    27: ((0, 2, 2), (1, 1, 1), (2, 0, 2), (3, 3, 3)),
    30: ((1, 1, 1), (1, 1, 1), (2, 2, 2), (4, 0, 0)),
    60: ((2, 2, 0), (2, 2, 0), (2, 2, 0), (2, 2, 0)),
    105: ((1, 1, 1), (1, 1, 1), (1, 1, 1), (1, 1, 1)),
}
"""The triangles of one code of each form."""


@dataclass(frozen=True, slots=True)
class SurfaceElements:
    """The pieces of the surfaces of two masks, neither of which is empty.

    Attributes:
        of_prediction_mm2, of_truth_mm2: The area of each piece, (P,) and (T,) float64.
        to_truth_mm, to_prediction_mm: The distance of each piece to the other surface, (P,) and (T,) float64.
    """

    of_prediction_mm2: NDArray[np.float64]
    to_truth_mm: NDArray[np.float64]
    of_truth_mm2: NDArray[np.float64]
    to_prediction_mm: NDArray[np.float64]

    def share_within(self, tolerance_mm: float) -> float:
        """The share of both surfaces, by area, that is at most this far from the other surface."""
        near = self.of_prediction_mm2[self.to_truth_mm <= tolerance_mm].sum()
        near += self.of_truth_mm2[self.to_prediction_mm <= tolerance_mm].sum()
        return float(near / (self.of_prediction_mm2.sum() + self.of_truth_mm2.sum()))


def surface_elements(
    predicted: NDArray[np.bool_], truth: NDArray[np.bool_], spacing_mm: Sequence[float]
) -> SurfaceElements:
    """Divide the surfaces of two masks into pieces.

    Args:
        predicted: (S, H, W); not empty.
        truth: (S, H, W); not empty.
        spacing_mm: Spacing of each axis, in the order of the array.
    """
    box = bounding_box(predicted | truth)
    areas = areas_mm2((spacing_mm[0], spacing_mm[1], spacing_mm[2]))
    codes = [_codes(mask[box]) for mask in (predicted, truth)]
    places = [(code != _OUTSIDE) & (code != _INSIDE) for code in codes]
    return SurfaceElements(
        of_prediction_mm2=areas[codes[0][places[0]]],
        to_truth_mm=nearest_mm(places[0], places[1], spacing_mm),
        of_truth_mm2=areas[codes[1][places[1]]],
        to_prediction_mm=nearest_mm(places[1], places[0], spacing_mm),
    )


@lru_cache
def areas_mm2(spacing_mm: tuple[float, float, float]) -> NDArray[np.float64]:
    """The area of surface for each code, (256,) float64.

    Args:
        spacing_mm: Spacing of each axis.
    """
    first, second, third = spacing_mm
    faces = np.array([second * third, first * third, first * second]) / 8
    return np.array([sum(float(np.linalg.norm(normal * faces)) for normal in triangles) for triangles in _triangles()])


def _codes(mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The code of every point where eight voxels meet, counting voxels outside the grid: one more along each axis."""
    padded = np.pad(mask, 1).view(np.uint8)
    codes = np.zeros([side + 1 for side in mask.shape], dtype=np.uint8)
    for corner, bit in np.ndenumerate(_BITS):
        part = tuple(slice(start, start + side) for start, side in zip(corner, codes.shape, strict=True))
        codes |= padded[part] * np.uint8(bit)
    return codes


@lru_cache
def _triangles() -> list[NDArray[np.int64]]:
    """For each code, the normals of its triangles, (N, 3)."""
    found: dict[int, NDArray[np.int64]] = {}
    for code, normals in _FORMS.items():
        inside = (code & _BITS) != 0
        triangles = np.array(normals, dtype=np.int64).reshape(-1, 3)
        for axes, steps in product(permutations(range(3)), product((1, -1), repeat=3)):
            turned = inside.transpose(axes)[tuple(slice(None, None, step) for step in steps)]
            for form in (turned, ~turned):
                found[int(_BITS[form].sum())] = triangles[:, list(axes)]
    return [found[code] for code in range(256)]
