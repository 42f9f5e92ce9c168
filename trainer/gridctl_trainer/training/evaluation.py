"""Scores a model on one set of images."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import nn

from gridctl_trainer.contract.errors import Fault
from gridctl_trainer.contract.records.set_scores import SetScores
from gridctl_trainer.metrics.loading import Metric
from gridctl_trainer.metrics.scoring import Scored
from gridctl_trainer.metrics.structures import by_structure
from gridctl_trainer.training.forward import scored_logits
from gridctl_trainer.training.images.tensors import ImageTensors


class NonFiniteScoreError(Fault):
    """The model's output is NaN or infinite."""


def evaluate(
    model: nn.Module,
    tensors: ImageTensors,
    batch_size: int,
    device: torch.device,
    between_batches: Callable[[int, int], None] = lambda _done, _total: None,
    *,
    metrics: Sequence[Metric],
    structures: Sequence[str],
    labelled: Sequence[str] | None = None,
) -> SetScores:
    """Score a model on a set (thesis 4.5).

    Args:
        model: Maps images (B, C, H, W), or series of them, to logits: (B, 1, H, W) for one structure, or
            (B, 1 + K, H, W) for K structures, the background first.
        tensors: The set.
        batch_size: Images per minibatch.
        device: The device that the model is on.
        between_batches: Called with the number of minibatches done and the total. It may raise to stop.
        metrics: The metrics to compute.
        structures: The segmented structures, in the order of the classes.
        labelled: The structures that the set labels, and that are therefore scored; None for all.

    Returns:
        The scores averaged over images, and those of each minibatch.

    Raises:
        NonFiniteScoreError: The model's output for a minibatch is NaN or infinite.
        MetricError: A metric fails.
    """
    model.eval()
    scored = Scored(metrics)
    starts = range(0, len(tensors), batch_size)
    with torch.inference_mode():
        for done, start in enumerate(starts):
            between_batches(done, len(starts))
            images, masks = tensors.batch(slice(start, start + batch_size))
            truth = masks.to(device)
            logits = scored_logits(model, images.to(device))
            if not bool(torch.isfinite(logits).all()):
                raise NonFiniteScoreError(
                    f"the scores of minibatch {done + 1} of {len(starts)} are not finite",
                    fix="lower training.learning_rate; the last checkpoint is from before this",
                )
            found = by_structure(logits, truth, structures)
            of_set = {name: batch for name, batch in found.items() if labelled is None or name in labelled}
            known = tensors.outlined_on(torch.arange(start, min(start + batch_size, len(tensors))))
            outlined = (
                {name: known[:, structures.index(name)].to(device) for name in of_set} if known is not None else {}
            )
            scored.add(of_set, outlined)
    return SetScores(images=len(tensors), scores=scored.scores, per_batch=scored.per_batch, undefined=scored.undefined)
