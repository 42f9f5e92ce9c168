"""A loop that is stopped anywhere and resumed ends with the same scores and weights."""

from __future__ import annotations

import copy
import io
import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from gridctl_trainer.contract.errors import Fault
from gridctl_trainer.contract.layout import Position
from gridctl_trainer.contract.records.metric_log import EpochRecord
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.host.signals import StoppedError, StopSignal
from gridctl_trainer.training.checkpoints.checkpoints import weights_sha256
from gridctl_trainer.training.evaluation import NonFiniteScoreError
from gridctl_trainer.training.images.tensors import ImageTensors
from gridctl_trainer.training.loop import NonFiniteLossError, TrainingLoop
from gridctl_trainer.training.progress.display import Silent
from gridctl_trainer.training.seeding import seed_everything
from tests.scored import BCE, DICE

EPOCHS, IMAGES, BATCH = 3, 7, 2
STEPS = math.ceil(IMAGES / BATCH)

SPEC = RunSpec.model_validate(
    {
        "experiment": "demo",
        "model": "unet",
        "network": {"architecture": "unet"},
        "train_ratio": 0.5,
        "seed": 3,
        "data": {"train": {"dataset": "acdc", "path": "a"}},
        "training": {"epochs": EPOCHS, "batch_size": BATCH, "validation_batch_size": 2, "external_batch_size": 1},
    }
)


SKIPPING = SPEC.model_copy(update={"training": SPEC.training.model_copy(update={"on_nonfinite": "skip"})})


class Noisy(nn.Module):
    """Draws random numbers in training and evaluation, and has a running statistic, all of which must be restored."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 3, 3, padding=1)
        self.norm = nn.BatchNorm2d(3)
        self.readout = nn.Conv2d(3, 1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        hidden = self.norm(self.conv(x + 0.1 * torch.randn_like(x)))
        out: torch.Tensor = self.readout(nn.functional.dropout(hidden, 0.3, self.training))
        return out


class StopAt(Silent):
    """Requests a stop at the n-th report of a step or phase."""

    def __init__(self, stop: StopSignal, at: int | None) -> None:
        self._stop, self._left = stop, at

    def phase(self, name: str, done: int, total: int) -> None:
        self._count()

    def step(self, epoch: int, epochs: int, step: int, steps: int) -> None:
        self._count()

    def _count(self) -> None:
        if self._left is not None:
            self._left -= 1
            if self._left <= 0:
                self._stop.requested = True


def images(count: int, seed: int) -> ImageTensors:
    generator = torch.Generator().manual_seed(seed)
    pixels = torch.rand(count, 1, 8, 8, generator=generator)
    return ImageTensors(pixels, (pixels > 0.6).float())


def loop(
    stop_at: int | None = None,
    build: Callable[[], nn.Module] = Noisy,
    spec: RunSpec = SPEC,
    progress: Silent | None = None,
) -> TrainingLoop:
    seed_everything(spec.seed)
    stop = StopSignal()
    return TrainingLoop(
        spec,
        build(),
        images(IMAGES, 1),
        {"validation": images(3, 2), "sunnybrook": images(2, 3)},
        torch.device("cpu"),
        stop,
        progress or StopAt(stop, stop_at),
    )


def undisturbed() -> tuple[list[EpochRecord], str]:
    whole = loop()
    return list(whole.epochs()), weights_sha256(whole.model.state_dict())


@settings(max_examples=40)
@given(st.lists(st.integers(1, (STEPS + 1 + 4) * EPOCHS), max_size=4))
def test_stopped_anywhere_and_taken_up_it_ends_the_same(stops: list[int]) -> None:
    expected, weights = undisturbed()
    records: dict[int, EpochRecord] = {}
    state = None
    for stop_at in [*stops, None]:
        now = loop(stop_at)
        if state is not None:
            now.load(copy.deepcopy(state))  # as if it were read from a file
        try:
            for record in now.epochs():
                records[record.epoch] = record
        except StoppedError:
            state = copy.deepcopy(now.state())
            torch.manual_seed(12345)  # another process starts with other random numbers
    assert [records[epoch].scores for epoch in sorted(records)] == [record.scores for record in expected]
    assert weights_sha256(now.model.state_dict()) == weights


RECIPES: dict[str, dict[str, Any]] = {
    "sgd, poly, warm-up": {
        "optimizer": {"name": "sgd", "nesterov": True},
        "schedule": {"name": "poly", "warmup_epochs": 0.5},
        "loss": "dice_bce",
    },
    "adamw, cosine, clip": {"optimizer": "adamw", "schedule": "cosine", "gradient_clip_norm": 0.05, "loss": "focal"},
    "adam, one cycle": {"schedule": "one_cycle", "loss": "dice"},
}


def recipe(name: str) -> RunSpec:
    training = {**SPEC.model_dump(mode="json")["training"], **RECIPES[name]}
    return RunSpec.model_validate({**SPEC.model_dump(mode="json"), "training": training})


class Keeps(Silent):
    """Records the state at every step and phase, as a checkpoint does."""

    def __init__(self) -> None:
        self.of: TrainingLoop | None = None
        self.states: list[bytes] = []

    def phase(self, name: str, done: int, total: int) -> None:
        self._keep()

    def step(self, epoch: int, epochs: int, step: int, steps: int) -> None:
        self._keep()

    def _keep(self) -> None:
        assert self.of is not None
        buffer = io.BytesIO()
        torch.save(dict(self.of.state()), buffer)
        self.states.append(buffer.getvalue())


@pytest.mark.parametrize("name", RECIPES)
def test_every_optimizer_and_schedule_goes_on_from_every_step_as_if_never_stopped(name: str) -> None:
    spec, keeps = recipe(name), Keeps()
    whole = loop(spec=spec, progress=keeps)
    keeps.of = whole
    expected, weights = list(whole.epochs()), weights_sha256(whole.model.state_dict())
    assert all(record.learning_rate is not None for record in expected)
    assert len(keeps.states) == (STEPS + 1 + 4) * EPOCHS
    for state in keeps.states:
        resumed = loop(spec=spec)
        torch.manual_seed(12345)  # another process starts with other random numbers
        resumed.load(torch.load(io.BytesIO(state), weights_only=True))
        position = resumed.position
        records = list(resumed.epochs())
        assert [record.scores for record in records] == [record.scores for record in expected[position.epoch :]], (
            position
        )
        assert weights_sha256(resumed.model.state_dict()) == weights, position


def test_the_recipe_of_the_thesis_keeps_what_it_always_kept() -> None:
    """An older checkpoint without a schedule is still valid."""
    whole = loop()
    list(whole.epochs())
    assert set(whole.state()) == {
        *("model", "optimizer", "rng", "epoch", "step", "loss_sum", "images", "skipped_steps"),
    }


def test_a_gradient_that_is_too_long_is_shortened() -> None:
    """With plain SGD and a rate of 1, a step has the length of its gradient."""
    once = {"epochs": 1, "batch_size": IMAGES, "learning_rate": 1.0, "optimizer": {"name": "sgd", "momentum": 0}}
    lengths = []
    for most in (None, 1e6, 0.01):
        training = {**SPEC.model_dump(mode="json")["training"], **once, "gradient_clip_norm": most}
        clipped = loop(spec=RunSpec.model_validate({**SPEC.model_dump(mode="json"), "training": training}))
        before = [parameter.detach().clone() for parameter in clipped.model.parameters()]
        list(clipped.epochs())
        after = [parameter.detach() for parameter in clipped.model.parameters()]
        moved = torch.cat([(new - old).flatten() for old, new in zip(before, after, strict=True)])
        lengths.append(moved.norm().item())
    assert lengths[0] == lengths[1] > 0.02
    assert lengths[2] == pytest.approx(0.01, rel=1e-3)


def test_images_on_which_a_structure_was_not_outlined_teach_nothing_about_it() -> None:
    several = RunSpec.model_validate(
        {
            **SPEC.model_dump(mode="json"),
            "data": {"train": {"dataset": "acdc", "path": "a"}, "target": ["myocardium", "left_ventricle"]},
            "training": {"epochs": 1, "batch_size": IMAGES},
        }
    )
    labels = torch.zeros(IMAGES, 8, 8, dtype=torch.uint8)
    labels[:, :4] = 2

    def trained(outlined: torch.Tensor | None) -> float:
        seed_everything(3)
        model = nn.Conv2d(1, 3, 1)
        stop = StopSignal()
        tensors = ImageTensors(images(IMAGES, 1).images, labels, outlined=outlined)
        made = TrainingLoop(several, model, tensors, {"validation": tensors}, torch.device("cpu"), stop, Silent())
        before = model.weight[1].item() - model.weight[0].item()
        list(made.epochs())
        return model.weight[1].item() - model.weight[0].item() - before

    assert abs(trained(None)) > 1e-4
    assert abs(trained(torch.tensor([[False, True]] * IMAGES))) < abs(trained(None))


def test_nothing_of_a_step_is_lost() -> None:
    stopped = loop(stop_at=3)
    with pytest.raises(StoppedError):
        list(stopped.epochs())
    assert stopped.position == Position(0, 3)


def test_the_train_loss_is_the_mean_over_images_though_minibatches_differ_in_size() -> None:
    class Constant(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.zero = nn.Parameter(torch.zeros(()))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x * 0 + self.zero.detach() + 0 * self.zero

    record = next(loop(build=Constant).epochs())
    assert record.train_loss == pytest.approx(math.log(2), abs=1e-6)
    assert record.sets["validation"].scores[BCE] == pytest.approx(math.log(2), abs=1e-6)
    assert record.sets["validation"].images == 3
    assert len(record.sets["validation"].per_batch[DICE]) == 2
    assert len(record.sets["sunnybrook"].per_batch[BCE]) == 2


class BreaksAt(Noisy):
    """Returns NaN at its n-th call; an epoch has 4 steps and then 2 and 2 minibatches of scores."""

    def __init__(self, call: int) -> None:
        super().__init__()
        self.left = call

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.left -= 1
        return super().forward(x) * (float("nan") if self.left == 0 else 1.0)


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (3, NonFiniteLossError, "the loss is nan at epoch 1, batch 3 of 4"),
        (9, NonFiniteLossError, "the loss is nan at epoch 2, batch 1 of 4"),
        (6, NonFiniteScoreError, "validating after the steps of epoch 1: the scores of minibatch 2 of 2"),
        (15, NonFiniteScoreError, "scoring sunnybrook after the steps of epoch 2: the scores of minibatch 1 of 2"),
    ],
)
def test_what_is_not_finite_ends_the_run_and_is_named(call: int, error: type[Fault], said: str) -> None:
    with pytest.raises(error, match=said) as caught:
        list(loop(build=lambda: BreaksAt(call)).epochs())
    assert caught.value.exit_code == 1


class Breaks(Noisy):
    """Returns NaN, or a NaN gradient with a finite loss, at these calls; once skipped, they must leave no trace."""

    def __init__(self, calls: tuple[int, ...], gradient: bool) -> None:
        super().__init__()
        self.calls, self.gradient, self.count = calls, gradient, 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.count += 1
        if self.count not in self.calls:
            return super().forward(x)
        out = super().forward(x if self.gradient else x * float("nan"))
        if self.gradient:
            out.register_hook(lambda gradient: gradient * float("nan"))
        return out


@pytest.mark.parametrize("gradient", [False, True])
def test_a_step_that_is_not_finite_is_skipped_and_counted(gradient: bool) -> None:
    skipping = loop(build=lambda: Breaks((2, 3), gradient), spec=SKIPPING)
    records = list(skipping.epochs())
    assert [record.skipped_steps for record in records] == [2, 0, 0]
    assert all(math.isfinite(record.train_loss) for record in records)
    assert all(bool(torch.isfinite(value).all()) for value in skipping.model.state_dict().values())


def test_an_epoch_of_nothing_but_skipped_steps_ends_the_run() -> None:
    with pytest.raises(NonFiniteLossError, match="no batch of epoch 1 gave a finite loss"):
        list(loop(build=lambda: Breaks(tuple(range(1, 5)), False), spec=SKIPPING).epochs())


def test_a_gradient_that_is_not_finite_ends_the_run_before_it_spoils_the_weights() -> None:
    stopped = loop(build=lambda: Breaks((2,), True))
    with pytest.raises(NonFiniteLossError, match="but its gradient contains nan at epoch 1, batch 2 of 4"):
        list(stopped.epochs())
    assert stopped.position == Position(0, 1)
    assert all(bool(torch.isfinite(value).all()) for value in stopped.model.state_dict().values())


def test_skipped_steps_survive_a_stop() -> None:
    whole = list(loop(build=lambda: Breaks((1,), False), spec=SKIPPING).epochs())
    first = loop(stop_at=3, build=lambda: Breaks((1,), False), spec=SKIPPING)
    with pytest.raises(StoppedError):
        list(first.epochs())
    state = copy.deepcopy(first.state())
    second = loop(build=lambda: Breaks((), False), spec=SKIPPING)
    second.load(state)
    assert [record.scores for record in second.epochs()] == [record.scores for record in whole]
    assert whole[0].skipped_steps == 1
