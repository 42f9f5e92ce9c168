"""Finds swapped labels: only the cavity of the left ventricle lies inside the myocardium."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gridctl_trainer.datasets.derived_structures import EPICARDIUM, MYOCARDIUM
from gridctl_trainer.datasets.quality.oddities import Notice, StructureOddity
from gridctl_trainer.datasets.slices import CAVITY, LabelledSlice

RIGHT_VENTRICLE: Final = "right_ventricle"

LEAST_INSIDE: Final = 0.5
"""If a smaller share of the cavity lies inside the myocardium's outline, one of the two labels is wrong.

The share is 1.0 in all 200 labelled volumes of ACDC's training patients; for the right ventricle it is at most 0.06.
"""


def note_swapped(slices: Sequence[LabelledSlice], notice: Notice) -> bool:
    """Report time points whose labels appear to be swapped.

    Args:
        slices: Slices of one patient.
        notice: Called once for each such time point.

    Returns:
        Whether there is one.
    """
    found = False
    for phase in dict.fromkeys(labelled.phase for labelled in slices):
        volume = [labelled for labelled in slices if labelled.phase == phase]
        share = _inside(volume, CAVITY, MYOCARDIUM)
        if share is None or share >= LEAST_INSIDE:
            continue
        found = True
        names = sorted({name for labelled in volume for name in labelled.masks})
        what = (
            f"{f'{phase}: ' if phase else ''}only {share:.0%} of the left ventricle lies inside the myocardium"
            f"{_guess(volume)}"
        )
        notice(StructureOddity(what, str(volume[0].source), wrong=True, about=tuple(names)))
    return found


def _guess(volume: Sequence[LabelledSlice]) -> str:
    """Name the two labels that were swapped, if swapping them back gives a plausible heart."""
    for one, other in ((CAVITY, RIGHT_VENTRICLE), (CAVITY, MYOCARDIUM), (MYOCARDIUM, RIGHT_VENTRICLE)):
        renamed = {one: other, other: one}
        share = _inside(volume, renamed.get(CAVITY, CAVITY), renamed.get(MYOCARDIUM, MYOCARDIUM))
        if share is not None and share >= LEAST_INSIDE:
            return f": the labels of {one.replace('_', ' ')} and {other.replace('_', ' ')} are swapped"
    return ": are its labels swapped?"


def _inside(volume: Iterable[LabelledSlice], inner: str, outer: str) -> float | None:
    """The share of one structure inside the convex hull of another; None if no slice has both.

    Slices whose cavity extends beyond the epicardium are left out, because that contour is wrong.
    """
    inside = whole = 0
    for labelled in volume:
        masks: Mapping[str, NDArray[np.uint8]] = labelled.masks
        one, other = masks.get(inner), masks.get(outer)
        if one is None or other is None or not one.any() or not other.any():
            continue
        epicardium = labelled.masks.get(EPICARDIUM)
        if epicardium is not None and (labelled.mask & (1 - epicardium)).any():
            continue
        outline = cv2.convexHull(cv2.findNonZero(other))
        filled = cv2.fillConvexPoly(np.zeros_like(other), outline, 1)
        inside += int(np.count_nonzero((one > 0) & (filled > 0)))
        whole += int(one.sum())
    return inside / whole if whole else None
