"""The optimizer that a specification names."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn

from gridctl_trainer.contract.spec import TrainingSpec


def build_optimizer(parameters: Iterable[nn.Parameter], training: TrainingSpec) -> torch.optim.Optimizer:
    """Torch's optimizer of that name, with its options written out.

    Args:
        parameters: What it updates.
        training: `optimizer` and `learning_rate`.
    """
    chosen, rate = training.optimizer, training.learning_rate
    if chosen.name == "sgd":
        return torch.optim.SGD(
            parameters,
            rate,
            momentum=chosen.momentum,
            dampening=chosen.dampening,
            weight_decay=chosen.weight_decay,
            nesterov=chosen.nesterov,
        )
    kind = torch.optim.AdamW if chosen.name == "adamw" else torch.optim.Adam
    return kind(
        parameters,
        rate,
        betas=chosen.betas,
        eps=chosen.eps,
        weight_decay=chosen.weight_decay,
        amsgrad=chosen.amsgrad,
    )


def moments_of(training: TrainingSpec) -> int:
    """How many numbers an optimizer keeps beside each weight and its gradient."""
    chosen = training.optimizer
    if chosen.name == "sgd":
        return 1 if chosen.momentum else 0
    return 3 if chosen.amsgrad else 2
