"""Splits a model's output by structure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from gridctl_trainer.metrics.base import SliceBatch


def by_structure(logits: Tensor, masks: Tensor, structures: Sequence[str]) -> Mapping[str, SliceBatch]:
    """Split a minibatch by structure.

    Args:
        logits: (B, 1, H, W) for one structure; (B, 1 + K, H, W) for K structures, the background first.
        masks: (B, 1, H, W) with 0 and 1 for one structure; (B, H, W) with the number of the class for several
            structures, 0 for the background.
        structures: Names of the structures, in the order of the classes.
    """
    if len(structures) == 1:
        odds = logits[:, 0]
        return {structures[0]: SliceBatch(odds, masks[:, 0], odds > 0)}
    chosen = logits.argmax(1)
    found = {}
    for number, structure in enumerate(structures, 1):
        others = [index for index in range(logits.shape[1]) if index != number]
        odds = logits[:, number] - torch.logsumexp(logits[:, others], 1)
        found[structure] = SliceBatch(odds, (masks == number).to(odds.dtype), chosen == number)
    return found
