"""Cross-entropy (thesis 4.5): of one structure binary, of several with the background as a class."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from gridctl_trainer.training.losses.pixel_scores import PixelScores


def bce_with_logits(logits: Tensor, masks: Tensor) -> Tensor:
    """Binary cross-entropy of logits, mean over all pixels of the minibatch.

    Args:
        logits: (B, 1, H, W).
        masks: (B, 1, H, W), 0 or 1.

    Returns:
        A scalar, shape ().
    """
    return functional.binary_cross_entropy_with_logits(logits, masks)


def cross_entropy(scores: PixelScores, weights: Sequence[float]) -> Tensor:
    """Mean over pixels; with weights each pixel counts what its class does, the background 1.

    Args:
        scores: Of a minibatch.
        weights: Of each structure.

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
    """The mean of a loss over pixels, as torch's `cross_entropy` weighs them.

    Args:
        losses: (B, H, W), of each pixel.
        scores: Of the minibatch.
        weights: Of each structure; of the background 1.

    Returns:
        A scalar, shape ().
    """
    of_class = torch.tensor([1.0, *weights], dtype=losses.dtype, device=losses.device)
    counts = of_class[scores.classes]
    return (losses * counts).sum() / counts.sum()
