"""Overlap of the predicted and the true volume, in voxels of the scanner's grid, over a case's annotated slices."""

from __future__ import annotations

from functools import partial
from typing import Final

from gridctl_trainer.metrics.base import BOTH_EMPTY, NO_PREDICTION, NO_TRUTH, CaseVolume, MetricDescriptor, Undefined


def dice(volume: CaseVolume) -> float | Undefined:
    """Twice the voxels in both masks, divided by the sum of the voxels of each."""
    both = volume.predicted_voxels + volume.true_voxels
    return 2 * volume.true_positive / both if both else BOTH_EMPTY


def iou(volume: CaseVolume) -> float | Undefined:
    """The voxels in both masks, divided by the voxels in either."""
    either = volume.predicted_voxels + volume.true_voxels - volume.true_positive
    return volume.true_positive / either if either else BOTH_EMPTY


def sensitivity(volume: CaseVolume) -> float | Undefined:
    """The share of the true voxels that is predicted."""
    if not volume.true_voxels:
        return NO_TRUTH if volume.predicted_voxels else BOTH_EMPTY
    return volume.true_positive / volume.true_voxels


def precision(volume: CaseVolume) -> float | Undefined:
    """The share of the predicted voxels that is true."""
    if not volume.predicted_voxels:
        return NO_PREDICTION if volume.true_voxels else BOTH_EMPTY
    return volume.true_positive / volume.predicted_voxels


_overlap = partial(MetricDescriptor, higher_is_better=True, low=0, high=1, level="case")

DICE: Final = _overlap(
    label="Dice",
    definition="hard Dice of the whole volume, mean over patients; 0 if only one of truth and prediction is empty",
    learned_beyond=0.05,
    function=dice,
)

IOU: Final = _overlap(
    label="IoU",
    definition="intersection over union of the whole volume, mean over patients; 0 if only one of truth and prediction "
    "is empty",
    function=iou,
)

SENSITIVITY: Final = _overlap(
    label="sensitivity",
    definition="share of the true volume that is found, mean over patients who have the structure",
    function=sensitivity,
)

PRECISION: Final = _overlap(
    label="precision",
    definition="share of the predicted volume that is right, mean over patients for whom something is predicted",
    function=precision,
)
