"""Cross-entropy (thesis 4.5): binary for one structure; for several, the background is a class of its own."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from gridctl_trainer.training.losses.pixel_scores import PixelScores


def bce_with_logits(logits: Tensor, masks: Tensor) -> Tensor:
    """Binary cross-entropy of logits, the mean over all pixels of the minibatch.

    Args:
        logits: (B, 1, H, W).
        masks: (B, 1, H, W), with 0 and 1.

    Returns:
        A scalar, shape ().
    """
    return functional.binary_cross_entropy_with_logits(logits, masks)


def cross_entropy(scores: PixelScores, weights: Sequence[float]) -> Tensor:
    """Cross-entropy, the mean over pixels weighted by class.

    Args:
        scores: The scores of a minibatch.
        weights: Weight of each structure. The background has weight 1.

    Returns:
        A scalar, shape ().
    """
    if scores.outlined is None and all(weight == 1 for weight in weights):
        if scores.binary:
            return bce_with_logits(scores.logits, scores.masks)
        return functional.cross_entropy(scores.logits, scores.masks)
    return weighted_mean(
        functional.nll_loss(scores.log_probabilities, scores.classes, reduction="none"), scores, weights
    )


def weighted_mean(losses: Tensor, scores: PixelScores, weights: Sequence[float]) -> Tensor:
    """The mean of a loss over pixels, weighted by class as in torch's `cross_entropy`.

    Args:
        losses: The loss of each pixel, (B, H, W).
        scores: The scores of the minibatch.
        weights: Weight of each structure. The background has weight 1.

    Returns:
        A scalar, shape ().
    """
    of_class = torch.tensor([1.0, *weights], dtype=losses.dtype, device=losses.device)
    counts = of_class[scores.classes]
    return (losses * counts).sum() / counts.sum()
