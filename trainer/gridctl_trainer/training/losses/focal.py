"""The focal loss (Lin et al. 2017): cross-entropy with less weight on pixels that are already predicted well."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from gridctl_trainer.training.losses.cross_entropy import weighted_mean
from gridctl_trainer.training.losses.pixel_scores import PixelScores


def focal_loss(scores: PixelScores, weights: Sequence[float], *, gamma: float, alpha: float | None) -> Tensor:
    """The mean over pixels of -alpha (1 - p)^gamma log p, where p is the probability of the pixel's true class.

    Args:
        scores: The scores of a minibatch.
        weights: Weight of each structure in the mean. The background has weight 1.
        gamma: The exponent; 0 gives cross-entropy.
        alpha: The factor for pixels of a structure; pixels of the background have 1 - alpha. None for 1 everywhere.

    Returns:
        A scalar, shape ().
    """
    classes = scores.classes[:, None]
    log_probabilities = scores.log_probabilities
    log_truth = log_probabilities.gather(1, classes)[:, 0]
    log_other = log_probabilities.scatter(1, classes, -math.inf).logsumexp(1)  # log(1 - p), exact for p near 1
    losses = -(gamma * log_other).exp() * log_truth if gamma else -log_truth
    if alpha is not None:
        losses = losses * torch.where(scores.classes > 0, alpha, 1 - alpha)
    return weighted_mean(losses, scores, weights)
