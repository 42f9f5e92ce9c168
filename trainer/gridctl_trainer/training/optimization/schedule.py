"""The learning rate of each step, by torch's schedulers."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

from torch.optim import Optimizer
from torch.optim.lr_scheduler import (
    ConstantLR,
    CosineAnnealingLR,
    LinearLR,
    LRScheduler,
    OneCycleLR,
    PolynomialLR,
    SequentialLR,
)

from gridctl_trainer.contract.spec import ScheduleSpec, TrainingSpec


class LearningRate:
    """The learning rate of each optimizer step of a run.

    It changes with every step, even one that is skipped because its loss is not finite. The rate of a step thus depends
    only on the step's position in the run.

    Attributes:
        last: The rate of the previous step; None before the first step, and if the rate never changes.
    """

    def __init__(self, optimizer: Optimizer, training: TrainingSpec, steps_per_epoch: int) -> None:
        """Start at the first step.

        Args:
            optimizer: The optimizer whose rate is set.
            training: The settings, of which `schedule`, `learning_rate` and `epochs` are read.
            steps_per_epoch: Number of optimizer steps in one epoch.
        """
        self._steps = training.epochs * steps_per_epoch
        self._taken = 0
        self._scheduler = _scheduler(optimizer, training, steps_per_epoch)
        self.last: float | None = None

    def step(self) -> None:
        """Set the rate of the next step, after a step was taken or skipped."""
        if self._scheduler is None:
            return
        self.last = float(self._scheduler.get_last_lr()[0])
        self._taken += 1
        if self._taken < self._steps:  # there is no next rate after the last step
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", "Detected call of `lr_scheduler.step")  # the first step was skipped
                self._scheduler.step()

    def state(self) -> Mapping[str, Any]:
        """All that the remaining rates depend on; empty if the rate never changes."""
        if self._scheduler is None:
            return {}
        return {"schedule": {"scheduler": self._scheduler.state_dict(), "taken": self._taken, "last": self.last}}

    def load(self, state: Mapping[str, Any]) -> None:
        """Continue from a state. A state from a version without schedules has nothing to load."""
        if self._scheduler is None or "schedule" not in state:
            return
        found = state["schedule"]
        self._scheduler.load_state_dict(found["scheduler"])
        self._taken, self.last = found["taken"], found["last"]


def _scheduler(optimizer: Optimizer, training: TrainingSpec, steps_per_epoch: int) -> LRScheduler | None:
    schedule, steps = training.schedule, training.epochs * steps_per_epoch
    if schedule.name == "one_cycle":
        return OneCycleLR(
            optimizer,
            training.learning_rate,
            total_steps=steps,
            pct_start=schedule.pct_start,
            anneal_strategy=schedule.anneal_strategy,
            cycle_momentum=schedule.cycle_momentum,
            div_factor=schedule.div_factor,
            final_div_factor=schedule.final_div_factor,
            three_phase=schedule.three_phase,
        )
    warmup = round(schedule.warmup_epochs * steps_per_epoch)
    if not warmup:
        return _after_warmup(optimizer, schedule, steps)
    rising = LinearLR(optimizer, schedule.warmup_start_factor, total_iters=warmup)
    after = _after_warmup(optimizer, schedule, max(1, steps - warmup)) or ConstantLR(optimizer, 1.0)
    return SequentialLR(optimizer, [rising, after], [warmup])


def _after_warmup(optimizer: Optimizer, schedule: ScheduleSpec, steps: int) -> LRScheduler | None:
    if schedule.name == "cosine":
        return CosineAnnealingLR(optimizer, steps, eta_min=schedule.eta_min)
    if schedule.name == "poly":
        return PolynomialLR(optimizer, steps, power=schedule.power)
    return None
