"""Keeps only the largest connected component of a predicted structure, for experiments that ask for it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray


def largest_component(predicted: NDArray[np.bool_], slices: NDArray[np.int64]) -> NDArray[np.bool_]:
    """The largest connected component of a structure.

    Voxels are connected if they touch at a face, an edge or a corner (26 neighbours). Of two components of equal size,
    the first stays.

    Args:
        predicted: (S, H, W).
        slices: (S,), increasing: the place of each slice in the volume. Slices that are not neighbours do not touch.

    Returns:
        (S, H, W).
    """
    if not predicted.any():
        return predicted
    labels = np.zeros(predicted.shape, dtype=np.int64)
    found = 0
    for number, of_slice in enumerate(predicted):
        count, parts = cv2.connectedComponents(of_slice.astype(np.uint8), connectivity=8)
        labels[number] = np.where(parts > 0, parts + found, 0)
        found += count - 1
    joined = _joined(labels, slices, found)
    volume = joined[labels]
    sizes = np.bincount(volume[labels > 0])
    kept: NDArray[np.bool_] = (volume == sizes.argmax()) & (labels > 0)
    return kept


def _joined(labels: NDArray[np.int64], slices: NDArray[np.int64], found: int) -> NDArray[np.int64]:
    """For each part of a slice, the lowest number of all parts that it is connected to, directly or indirectly."""
    root = np.arange(found + 1)

    def of(number: int) -> int:
        while root[number] != number:
            number = int(root[number])
        return number

    for number in np.flatnonzero(np.diff(slices) == 1):
        above, below = np.pad(labels[number], 1), labels[number + 1]
        rows, columns = below.shape
        pairs: set[tuple[int, int]] = set()
        for down in range(3):
            for right in range(3):
                beside = above[down : down + rows, right : right + columns]
                touching = (beside > 0) & (below > 0)
                pairs.update(zip(beside[touching].tolist(), below[touching].tolist(), strict=True))
        for one, other in sorted(pairs):
            first, second = sorted((of(one), of(other)))
            root[second] = first
    return np.array([of(number) for number in range(found + 1)])
