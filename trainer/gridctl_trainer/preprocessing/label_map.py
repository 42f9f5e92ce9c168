"""Combines the masks of structures into one label per pixel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridctl_trainer.contract.errors import DataError
from gridctl_trainer.datasets.slices import LabelledSlice


def label_map(labelled: LabelledSlice, target: tuple[str, ...]) -> NDArray[np.uint8]:
    """Make the label map from which a model learns. What is outside the target or not outlined is background.

    Args:
        labelled: The slice.
        target: Names of the structures, in the order of their numbers.

    Returns:
        (H, W) uint8: 0 for background, otherwise the number of a structure in the target, from 1.

    Raises:
        DataError: Two structures have a pixel in common.
    """
    labels = np.zeros(labelled.image.shape, dtype=np.uint8)
    for number, name in enumerate(target, 1):
        mask = labelled.masks.get(name)
        if mask is None:
            continue
        if (both := labels[mask > 0]).any():
            other = target[int(both[both > 0][0]) - 1]
            raise DataError(
                f"{labelled.name}: {other} and {name} have pixels in common, but a pixel can have one class only",
                where=labelled.source,
                fix="name structures in data.target that do not overlap",
            )
        labels[mask > 0] = number
    return labels
