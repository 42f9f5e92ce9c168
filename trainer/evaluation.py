"""Scores of a model on one set of images."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from trainer.contract.errors import Fault
from trainer.contract.metrics import SetScores
from trainer.losses import bce_with_logits
from trainer.metrics import batch_dice, image_scores


class NonFiniteScoreError(Fault):
    """The model's output is no longer a number."""


def evaluate(
    model: nn.Module,
    images: Tensor,
    masks: Tensor,
    batch_size: int,
    device: torch.device,
    between_batches: Callable[[int, int], None] = lambda _done, _total: None,
) -> SetScores:
    """Score a model on a set (thesis 4.5).

    Args:
        model: Maps (B, 1, H, W) images to (B, 1, H, W) logits.
        images: (N, 1, H, W) float32.
        masks: (N, 1, H, W) float32, 0 or 1.
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
    starts = range(0, len(images), batch_size)
    with torch.inference_mode():
        for done, start in enumerate(starts):
            between_batches(done, len(starts))
            truth = masks[start : start + batch_size].to(device)
            logits = model(images[start : start + batch_size].to(device))
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
        images=len(images),
        bce=sum(image_bce) / len(image_bce),
        dice=sum(image_dice) / len(image_dice),
        bce_per_batch=tuple(bce_per_batch),
        dice_per_batch=tuple(dice_per_batch),
    )
