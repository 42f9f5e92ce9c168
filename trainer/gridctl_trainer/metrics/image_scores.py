"""Scores of predictions against truth (thesis 4.5)."""

from __future__ import annotations

from typing import Final

from torch import Tensor
from torch.nn import functional

SMOOTHING: Final = 1.0
"""Added to both sides of the Dice quotient: an empty image that is predicted empty scores 1."""


def image_scores(logits: Tensor, masks: Tensor) -> tuple[Tensor, Tensor]:
    """Cross-entropy and soft Dice of each image.

    Args:
        logits: (B, 1, H, W).
        masks: (B, 1, H, W), 0 or 1.

    Returns:
        Binary cross-entropy, mean over pixels, and soft Dice in [0, 1], each (B,).
    """
    entropy = functional.binary_cross_entropy_with_logits(logits, masks, reduction="none")
    return entropy.flatten(1).mean(1), _dice(logits.flatten(1), masks.flatten(1))


def batch_dice(logits: Tensor, masks: Tensor) -> Tensor:
    """Soft Dice of a minibatch flattened into one image, as the author's code averages it; shape ()."""
    return _dice(logits.flatten()[None], masks.flatten()[None])[0]


def _dice(logits: Tensor, masks: Tensor) -> Tensor:
    probabilities = logits.sigmoid()
    overlap = (probabilities * masks).sum(1)
    return (2 * overlap + SMOOTHING) / (probabilities.sum(1) + masks.sum(1) + SMOOTHING)
