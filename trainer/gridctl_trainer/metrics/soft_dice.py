"""Soft Dice: the overlap of probabilities with the truth (thesis 4.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gridctl_trainer.metrics.base import MetricDescriptor, SliceBatch

if TYPE_CHECKING:
    from torch import Tensor

SMOOTHING: Final = 1.0
"""Added to numerator and denominator, so that an empty image that is predicted empty scores 1."""


def soft_dice(images: SliceBatch) -> Tensor:
    """Soft Dice of each image, (B,)."""
    return _quotient(images.probabilities.flatten(1), images.truth.flatten(1))


def soft_dice_of_batch(images: SliceBatch) -> Tensor:
    """Soft Dice of a minibatch flattened into one image, (). This is what the author's code averages."""
    return _quotient(images.probabilities.flatten()[None], images.truth.flatten()[None])[0]


def _quotient(probabilities: Tensor, truth: Tensor) -> Tensor:
    overlap = (probabilities * truth).sum(1)
    return (2 * overlap + SMOOTHING) / (probabilities.sum(1) + truth.sum(1) + SMOOTHING)


SOFT_DICE: Final = MetricDescriptor(
    label="soft Dice",
    definition="Dice of the probabilities, mean over slices",
    higher_is_better=True,
    low=0,
    high=1,
    learned_beyond=0.05,
    function=soft_dice,
    batch_function=soft_dice_of_batch,
)
