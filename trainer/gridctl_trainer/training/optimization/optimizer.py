"""Builds the optimizer that a specification names."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import TypeVar, cast

import torch
from torch import nn

from gridctl_trainer.contract.spec import OptimizerSpec, TrainingSpec

_Kind = TypeVar("_Kind", bound=type[torch.optim.Optimizer])


def build_optimizer(parameters: Iterable[nn.Parameter], training: TrainingSpec) -> torch.optim.Optimizer:
    """Build torch's optimizer with all its options.

    Args:
        parameters: The parameters that it updates.
        training: The settings, of which `optimizer` and `learning_rate` are read.
    """
    chosen, rate = training.optimizer, training.learning_rate
    if chosen.name == "sgd":
        return _without_compiler(torch.optim.SGD)(
            parameters,
            rate,
            momentum=chosen.momentum,
            dampening=chosen.dampening,
            weight_decay=chosen.weight_decay,
            nesterov=chosen.nesterov,
        )
    kind = torch.optim.AdamW if chosen.name == "adamw" else torch.optim.Adam
    return _without_compiler(kind)(
        parameters,
        rate,
        betas=chosen.betas,
        eps=chosen.eps,
        weight_decay=chosen.weight_decay,
        amsgrad=chosen.amsgrad,
    )


def _without_compiler(kind: _Kind) -> _Kind:
    """The same optimizer, but its methods do not import torch's compiler.

    torch wraps these methods for code that is compiled together with them. On its first call each wrapper imports the
    compiler, which would take a third of a trainer's start, and nothing here compiles an optimizer.
    """
    wrapped = ("add_param_group", "zero_grad", "state_dict", "load_state_dict")
    methods = {name: inspect.unwrap(getattr(kind, name)) for name in wrapped}
    return cast(_Kind, type(kind.__name__, (kind,), {**methods, "step": torch.no_grad()(inspect.unwrap(kind.step))}))


def moments_of(chosen: OptimizerSpec) -> int:
    """How many numbers an optimizer keeps for each weight, besides the weight and its gradient."""
    if chosen.name == "sgd":
        return 1 if chosen.momentum else 0
    return 3 if chosen.amsgrad else 2


def state_of(chosen: OptimizerSpec) -> str:
    """What an optimizer keeps for each weight, in words; empty if nothing."""
    if chosen.name == "sgd":
        return "the momentum of SGD" if chosen.momentum else ""
    name = {"adam": "Adam", "adamw": "AdamW"}[chosen.name]
    return f"{name}'s two moments and the largest second one" if chosen.amsgrad else f"{name}'s two moments"
