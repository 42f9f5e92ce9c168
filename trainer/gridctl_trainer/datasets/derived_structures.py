"""Structures that follow from others: the epicardium encloses the left ventricle and its muscle.

This allows a model that was trained on one of them to be scored on a data set that outlines the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gridctl_trainer.datasets.slices import CAVITY

MYOCARDIUM: Final = "myocardium"
EPICARDIUM: Final = "epicardium"


def with_derived(masks: Mapping[str, NDArray[np.uint8]]) -> dict[str, NDArray[np.uint8]]:
    """Add the masks that follow from the given ones, provided that everything they follow from was annotated.

    Args:
        masks: Mask of each structure: (H, W) uint8, 1 inside.

    Returns:
        The masks, together with `epicardium`, the union of `left_ventricle` and `myocardium`, or with `myocardium`, the
        part of the epicardium outside the left ventricle.
    """
    found = dict(masks)
    cavity = found.get(CAVITY)
    if cavity is None:
        return found
    if EPICARDIUM not in found and MYOCARDIUM in found:
        found[EPICARDIUM] = cavity | found[MYOCARDIUM]
    elif MYOCARDIUM not in found and EPICARDIUM in found:
        found[MYOCARDIUM] = found[EPICARDIUM] & (1 - cavity)
    return found
