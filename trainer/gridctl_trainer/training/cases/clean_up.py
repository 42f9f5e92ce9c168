"""The largest connected component of a predicted structure, where an experiment declares that only that counts."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray


def largest_component(predicted: NDArray[np.bool_], slices: NDArray[np.int64]) -> NDArray[np.bool_]:
    """What is left of a structure without all that is not connected with its largest part.

    Voxels are connected that touch by a face, an edge or a corner (26 neighbours). Of two parts of one size that one
    stays which comes first.

    Args:
        predicted: (S, H, W).
        slices: (S,), growing: place of each slice in the volume; slices that are not neighbours do not touch.

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
    """The least number of those that a part of one slice is connected with through others, by its number."""
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
