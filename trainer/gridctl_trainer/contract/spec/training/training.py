"""How one model is trained."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from gridctl_trainer.contract.frozen import Frozen
from gridctl_trainer.contract.score_name import BestBy
from gridctl_trainer.contract.spec.identity import DECIDES, RECORDED
from gridctl_trainer.contract.spec.training.loss import LossSpec
from gridctl_trainer.contract.spec.training.optimization import OptimizerSpec, ScheduleSpec


class TrainingSpec(Frozen):
    """How one model is trained. The defaults are the recipe of the thesis (4.3, 4.5, 5.1) and of its author's code.

    Attributes:
        epochs: Number of passes over the training images. There is no early stopping.
        batch_size: Number of images in one optimizer step.
        learning_rate: Learning rate of the optimizer; with a schedule, the highest rate.
        loss: The loss to minimise: `bce`, `dice`, `dice_bce` or `focal`, or a section with its options.
        optimizer: `adam`, `adamw` or `sgd`, or a section with its options.
        schedule: `constant`, `cosine`, `poly` or `one_cycle`, or a section with its options, such as a warm-up.
        gradient_clip_norm: Maximum length of the gradient (L2 norm over all weights). A longer gradient is scaled down
            to it before the step; None for no clipping.
        validate_every_epochs: Score `validation` and external sets every this many epochs, and always after the last.
            The epochs in between have only a training loss, and cannot be the best epoch.
        validation_batch_size: Number of images in one validation minibatch. The scores of each minibatch are logged.
        external_batch_size: Number of images in one minibatch of the external sets and the test set.
        checkpoint_every_epochs: Number of epochs between periodic checkpoints.
        checkpoint_keep_last: How many of the newest checkpoints are kept. With two, there is still one if the last is
            damaged.
        checkpoint_keep_every_epochs: Checkpoints at multiples of this many epochs are kept permanently; None for none.
        checkpoint_keep_best: Keep the checkpoint of the best epoch by this score, such as `validation.soft_dice`, or by
            `train_loss`, and save one whenever an epoch is the best so far; None for neither.
        on_nonfinite: What to do if a loss or gradient is NaN or infinite: `stop` the run, or `skip` the optimizer step.
        deterministic: Whether torch may only use deterministic algorithms.
        store_outage_minutes: How long an attempt waits for its store when it cannot continue without it: at its start,
            and at its end, when everything is trained.
        spool_mib: How much of the checkpoints that a failing store has not taken is kept on local disk; in a pod, at
            most half of `kubernetes.scratch`, where it lies.
        threads: Number of CPU threads of each run. With another number, sums may be rounded differently.
        device: The device that a run computes on. `auto` uses a GPU if there is one, and fails in a pod that was given
            a GPU but cannot use it.
    """

    epochs: Annotated[int, Field(ge=1, le=9999), DECIDES] = 200
    batch_size: Annotated[int, Field(ge=1, le=65536), DECIDES] = 8
    learning_rate: Annotated[float, Field(gt=0), DECIDES] = 1e-3
    loss: Annotated[LossSpec, DECIDES] = LossSpec()
    optimizer: Annotated[OptimizerSpec, DECIDES] = OptimizerSpec()
    schedule: Annotated[ScheduleSpec, DECIDES] = ScheduleSpec()
    gradient_clip_norm: Annotated[float | None, Field(gt=0, le=1_000_000), DECIDES] = None
    validate_every_epochs: Annotated[int, Field(ge=1, le=9999), RECORDED] = 1
    validation_batch_size: Annotated[int, Field(ge=1, le=65536), DECIDES] = 16
    external_batch_size: Annotated[int, Field(ge=1, le=65536), DECIDES] = 8
    checkpoint_every_epochs: Annotated[int, Field(ge=1, le=9999), RECORDED] = 10
    checkpoint_keep_last: Annotated[int, Field(ge=1, le=9999), RECORDED] = 2
    checkpoint_keep_every_epochs: Annotated[int | None, Field(ge=1, le=9999), RECORDED] = None
    checkpoint_keep_best: Annotated[BestBy | None, RECORDED] = None
    on_nonfinite: Annotated[Literal["stop", "skip"], DECIDES] = "stop"
    deterministic: Annotated[bool, DECIDES] = True
    store_outage_minutes: Annotated[float, Field(ge=0, le=7 * 24 * 60), RECORDED] = 30
    spool_mib: Annotated[int, Field(ge=1, le=1 << 20), RECORDED] = 2048
    threads: Annotated[int, Field(ge=1, le=1024), RECORDED] = 1
    device: Annotated[Literal["auto", "cpu", "cuda"], RECORDED] = "auto"

    @field_validator("loss")
    @classmethod
    def _weighs_something(cls, loss: LossSpec) -> LossSpec:
        if loss.name == "dice_bce" and loss.dice_weight == loss.bce_weight == 0:
            raise ValueError("dice_weight and bce_weight are both 0, so nothing is minimised")
        return loss

    @field_validator("optimizer")
    @classmethod
    def _nesterov_has_momentum(cls, optimizer: OptimizerSpec) -> OptimizerSpec:
        if optimizer.nesterov and (optimizer.momentum == 0 or optimizer.dampening != 0):
            raise ValueError("nesterov needs a momentum above 0 and no dampening")
        return optimizer

    @field_validator("schedule")
    @classmethod
    def _schedule_fits(cls, schedule: ScheduleSpec, info: ValidationInfo) -> ScheduleSpec:
        epochs, optimizer, rate = (info.data.get(name) for name in ("epochs", "optimizer", "learning_rate"))
        if epochs is not None and schedule.warmup_epochs >= epochs:
            raise ValueError(f"warmup_epochs is {schedule.warmup_epochs:g}, but epochs is {epochs}: make it smaller")
        if rate is not None and schedule.eta_min > rate:
            raise ValueError(f"eta_min is {schedule.eta_min:g}, above learning_rate, which is {rate:g}")
        moves = schedule.name == "one_cycle" and schedule.cycle_momentum
        if moves and optimizer is not None and optimizer.name == "sgd" and optimizer.momentum == 0:
            raise ValueError("one_cycle moves the momentum, but sgd has none: give one, or cycle_momentum: false")
        return schedule
