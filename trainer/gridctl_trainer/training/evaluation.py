"""Scores of a model on one set of images."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import nn

from gridctl_trainer.contract.errors import Fault
from gridctl_trainer.contract.records.metric_log import SetScores
from gridctl_trainer.metrics.image_scores import batch_dice, image_scores
from gridctl_trainer.training.images.tensors import ImageTensors
from gridctl_trainer.training.objective import bce_with_logits


class NonFiniteScoreError(Fault):
    """The model's output is no longer a number."""


def evaluate(
    model: nn.Module,
    tensors: ImageTensors,
    batch_size: int,
    device: torch.device,
    between_batches: Callable[[int, int], None] = lambda _done, _total: None,
) -> SetScores:
    """Score a model on a set (thesis 4.5).

    Args:
        model: Maps images (B, 1, H, W), or series of them, to (B, 1, H, W) logits.
        tensors: The set.
        batch_size: Images a minibatch.
        device: Where the model is.
        between_batches: Called with batches done and their number; may raise to stop.

    Returns:
        Scores averaged over images, and those of each minibatch.

    Raises:
        NonFiniteScoreError: The model's output for a minibatch is NaN or infinite.
    """
    model.eval()
    image_bce: list[float] = []
    image_dice: list[float] = []
    bce_per_batch: list[float] = []
    dice_per_batch: list[float] = []
    starts = range(0, len(tensors), batch_size)
    with torch.inference_mode():
        for done, start in enumerate(starts):
            between_batches(done, len(starts))
            images, masks = tensors.batch(slice(start, start + batch_size))
            truth = masks.to(device)
            logits = model(images.to(device))
            bce, dice = image_scores(logits, truth)
            image_bce += bce.tolist()
            image_dice += [min(score, 1.0) for score in dice.tolist()]  # float32 may round a perfect one up
            bce_per_batch.append(float(bce_with_logits(logits, truth)))
            dice_per_batch.append(min(float(batch_dice(logits, truth)), 1.0))
            if not math.isfinite(sum(image_bce) + sum(image_dice)):
                raise NonFiniteScoreError(
                    f"the scores of minibatch {done + 1} of {len(starts)} are not finite",
                    fix="lower training.learning_rate; the last checkpoint is from before this",
                )
    return SetScores(
        images=len(tensors),
        bce=sum(image_bce) / len(image_bce),
        dice=sum(image_dice) / len(image_dice),
        bce_per_batch=tuple(bce_per_batch),
        dice_per_batch=tuple(dice_per_batch),
    )
