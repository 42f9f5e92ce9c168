"""Scores of a model on one set of images."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from trainer.contract.metrics import SetScores
from trainer.losses import bce_with_logits
from trainer.metrics import batch_dice, image_scores


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
            image_dice += dice.tolist()
            bce_per_batch.append(float(bce_with_logits(logits, truth)))
            dice_per_batch.append(float(batch_dice(logits, truth)))
    return SetScores(
        images=len(images),
        bce=sum(image_bce) / len(image_bce),
        dice=sum(image_dice) / len(image_dice),
        bce_per_batch=tuple(bce_per_batch),
        dice_per_batch=tuple(dice_per_batch),
    )
