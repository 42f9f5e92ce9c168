"""Soft Dice as a loss (Milletari et al. 2016), which corresponds to the score `soft_dice`."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from gridctl_trainer.training.losses.pixel_scores import PixelScores


def dice_loss(scores: PixelScores, weights: Sequence[float], *, smoothing: float, batch_dice: bool) -> Tensor:
    """1 - soft Dice, the mean over structures and, without `batch_dice`, over images.

    Args:
        scores: The scores of a minibatch.
        weights: Weight of each structure in the mean.
        smoothing: Added to numerator and denominator.
        batch_dice: Whether each structure's Dice is computed over the whole minibatch, as if it were one image.

    Returns:
        A scalar, shape (); 0 for a minibatch without annotations.
    """
    probabilities, truth = scores.probabilities.flatten(2), scores.truth.flatten(2)
    overlap, sizes = (probabilities * truth).sum(2), probabilities.sum(2) + truth.sum(2)
    counts = torch.tensor([*weights], dtype=overlap.dtype, device=overlap.device).expand(overlap.shape)
    if scores.outlined is not None:
        known = scores.outlined.to(overlap.dtype)
        overlap, sizes, counts = overlap * known, sizes * known, counts * known
    if batch_dice:
        overlap, sizes, counts = overlap.sum(0), sizes.sum(0), counts.amax(0)
    quotient = (2 * overlap + smoothing) / (sizes + smoothing).clamp_min(torch.finfo(overlap.dtype).tiny)
    return ((1 - quotient) * counts).sum() / counts.sum().clamp_min(torch.finfo(overlap.dtype).tiny)
