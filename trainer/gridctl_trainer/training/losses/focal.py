"""The focal loss (Lin et al. 2017): cross-entropy that counts little where the truth is likely already."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from gridctl_trainer.training.losses.cross_entropy import weighted_mean
from gridctl_trainer.training.losses.pixel_scores import PixelScores


def focal_loss(scores: PixelScores, weights: Sequence[float], *, gamma: float, alpha: float | None) -> Tensor:
    """Mean over pixels of -alpha (1 - p)^gamma log p, p being the probability of the pixel's truth.

    Args:
        scores: Of a minibatch.
        weights: Of each structure in the mean; of the background 1.
        gamma: Exponent; 0 is cross-entropy.
        alpha: Of pixels of a structure, 1 - alpha of the background; None for 1 of each.

    Returns:
        A scalar, shape ().
    """
    classes = scores.classes[:, None]
    log_probabilities = scores.log_probabilities
    log_truth = log_probabilities.gather(1, classes)[:, 0]
    log_other = log_probabilities.scatter(1, classes, -math.inf).logsumexp(1)  # log(1 - p), exact where p is near 1
    losses = -(gamma * log_other).exp() * log_truth if gamma else -log_truth
    if alpha is not None:
        losses = losses * torch.where(scores.classes > 0, alpha, 1 - alpha)
    return weighted_mean(losses, scores, weights)
