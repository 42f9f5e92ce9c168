"""Overlap within each slice: the same metrics as for volumes, but slice by slice."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

from gridctl_trainer.metrics.base import BOTH_EMPTY, NO_PREDICTION, NO_TRUTH, MetricDescriptor, SliceBatch, Undefined

if TYPE_CHECKING:
    Values = list[float | Undefined]

_COUNTED_APART: Final = "; slices where both are empty are counted separately"


def slice_dice(images: SliceBatch) -> Values:
    """Dice of each image; 0 if only one of truth and prediction is empty."""
    return _each(images, lambda both, predicted, true: 2 * both / (predicted + true))


def slice_iou(images: SliceBatch) -> Values:
    """Intersection over union of each image; 0 if only one of truth and prediction is empty."""
    return _each(images, lambda both, predicted, true: both / (predicted + true - both))


def slice_sensitivity(images: SliceBatch) -> Values:
    """Sensitivity of each image; undefined if the image does not show the structure."""
    return _each(images, lambda both, _, true: both / true if true else NO_TRUTH)


def slice_precision(images: SliceBatch) -> Values:
    """Precision of each image; undefined if nothing is predicted."""
    return _each(images, lambda both, predicted, _: both / predicted if predicted else NO_PREDICTION)


def _each(images: SliceBatch, score: Callable[[int, int, int], float | Undefined]) -> Values:
    """Score each image by its numbers of pixels in both masks, in the prediction and in the truth."""
    truth = images.truth > 0.5
    pixels = ((images.predicted & truth), images.predicted, truth)
    counts = zip(*(mask.flatten(1).sum(1).tolist() for mask in pixels), strict=True)
    return [score(*count) if count[1] + count[2] else BOTH_EMPTY for count in counts]


_overlap = partial(MetricDescriptor, higher_is_better=True, low=0, high=1)

SLICE_DICE: Final = _overlap(
    label="hard Dice per slice",
    definition=f"Dice of the outlined pixels, mean over slices{_COUNTED_APART}",
    learned_beyond=0.05,
    function=slice_dice,
)

SLICE_IOU: Final = _overlap(
    label="IoU per slice",
    definition=f"intersection over union of the outlined pixels, mean over slices{_COUNTED_APART}",
    function=slice_iou,
)

SLICE_SENSITIVITY: Final = _overlap(
    label="sensitivity per slice",
    definition="share of the true pixels that are found, mean over slices; slices without the structure are counted "
    "separately",
    function=slice_sensitivity,
)

SLICE_PRECISION: Final = _overlap(
    label="precision per slice",
    definition="share of the predicted pixels that are right, mean over slices; slices in which nothing is predicted "
    "are counted separately",
    function=slice_precision,
)
