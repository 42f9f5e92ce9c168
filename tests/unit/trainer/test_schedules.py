"""The learning rate of every step equals formulas and torch's schedulers, even after a stop."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn
from torch.optim.lr_scheduler import CosineAnnealingLR, OneCycleLR, PolynomialLR

from gridctl_trainer.contract.spec import TrainingSpec
from gridctl_trainer.training.optimization.optimizer import build_optimizer, moments_of
from gridctl_trainer.training.optimization.schedule import LearningRate

EPOCHS, STEPS_PER_EPOCH = 5, 4
STEPS = EPOCHS * STEPS_PER_EPOCH
RATE = 0.02


def training(**changes: Any) -> TrainingSpec:
    return TrainingSpec.model_validate({"epochs": EPOCHS, "learning_rate": RATE, **changes})


def begun(chosen: TrainingSpec) -> tuple[torch.optim.Optimizer, LearningRate]:
    optimizer = build_optimizer([nn.Parameter(torch.ones(3))], chosen)
    return optimizer, LearningRate(optimizer, chosen, STEPS_PER_EPOCH)


def rates(chosen: TrainingSpec) -> list[float]:
    """The learning rate that the optimizer has at every step of a run."""
    optimizer, rate = begun(chosen)
    found = []
    for _ in range(STEPS):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        rate.step()
        assert rate.last in (None, found[-1])
    return found


def of_torch(make: Callable[[torch.optim.Optimizer], Any], steps: int) -> list[float]:
    optimizer = torch.optim.SGD([nn.Parameter(torch.ones(3))], RATE, momentum=0.9)
    scheduler, found = make(optimizer), []
    for step in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if step + 1 < steps:
            scheduler.step()
    return found


def cosine(step: int, steps: int, lowest: float = 0.0) -> float:
    return lowest + (RATE - lowest) * (1 + math.cos(math.pi * step / steps)) / 2


def poly(step: int, steps: int, power: float = 0.9) -> float:
    return RATE * (1 - step / steps) ** power


def test_it_stays_the_same_by_default_and_then_nothing_of_it_is_kept() -> None:
    assert rates(training()) == [RATE] * STEPS
    _, rate = begun(training())
    rate.step()
    assert (rate.last, rate.state()) == (None, {})


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("cosine", [cosine(step, STEPS) for step in range(STEPS)]),
        ({"name": "cosine", "eta_min": 0.001}, [cosine(step, STEPS, 0.001) for step in range(STEPS)]),
        ("poly", [poly(step, STEPS) for step in range(STEPS)]),
        ({"name": "poly", "power": 2.0}, [poly(step, STEPS, 2.0) for step in range(STEPS)]),
    ],
    ids=str,
)
def test_the_curve_is_its_formula(schedule: Any, expected: list[float]) -> None:
    assert rates(training(schedule=schedule)) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("after", ["constant", "cosine", "poly"])
def test_the_warm_up_grows_linearly_to_the_rate_and_the_rest_is_of_the_steps_that_are_left(after: str) -> None:
    chosen = training(schedule={"name": after, "warmup_epochs": 1.5, "warmup_start_factor": 0.1})
    warmup = 6
    rest = {"constant": lambda _step, _steps: RATE, "cosine": cosine, "poly": poly}[after]
    expected = [RATE * (0.1 + 0.9 * step / warmup) for step in range(warmup)]
    expected += [rest(step, STEPS - warmup) for step in range(STEPS - warmup)]
    assert rates(chosen) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("schedule", "make"),
    [
        ({"name": "cosine", "eta_min": 1e-4}, lambda optimizer: CosineAnnealingLR(optimizer, STEPS, eta_min=1e-4)),
        ({"name": "poly", "power": 0.5}, lambda optimizer: PolynomialLR(optimizer, STEPS, power=0.5)),
        ("one_cycle", lambda optimizer: OneCycleLR(optimizer, RATE, total_steps=STEPS)),
        (
            {
                "name": "one_cycle",
                "pct_start": 0.4,
                "div_factor": 10,
                "final_div_factor": 100,
                "anneal_strategy": "linear",
                "three_phase": True,
                "cycle_momentum": False,
            },
            lambda optimizer: OneCycleLR(
                optimizer,
                RATE,
                total_steps=STEPS,
                pct_start=0.4,
                div_factor=10,
                final_div_factor=100,
                anneal_strategy="linear",
                three_phase=True,
                cycle_momentum=False,
            ),
        ),
    ],
    ids=["cosine", "poly", "one_cycle", "one_cycle with every option"],
)
def test_the_curve_is_torchs_to_the_last_bit(schedule: Any, make: Callable[[torch.optim.Optimizer], Any]) -> None:
    assert rates(training(optimizer="sgd", schedule=schedule)) == of_torch(make, STEPS)


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd"])
def test_one_cycle_moves_the_momentum_against_the_rate(optimizer: str) -> None:
    chosen, rate = begun(training(optimizer=optimizer, schedule="one_cycle"))
    group, found = chosen.param_groups[0], []
    for _ in range(STEPS):
        found.append((group["lr"], group["momentum"] if optimizer == "sgd" else group["betas"][0]))
        chosen.step()
        rate.step()
    assert max(found)[1] == pytest.approx(0.85)
    assert found[0][1] == pytest.approx(0.95)
    fixed = training(optimizer=optimizer, schedule={"name": "one_cycle", "cycle_momentum": False})
    kept = begun(fixed)[0].param_groups[0]
    assert (kept["momentum"] if optimizer == "sgd" else kept["betas"][0]) == 0.9


@pytest.mark.parametrize("schedule", ["cosine", "poly", "one_cycle", {"name": "poly", "warmup_epochs": 2}], ids=str)
@pytest.mark.parametrize("stopped_after", range(STEPS))
def test_it_goes_on_after_a_stop_at_any_step(schedule: Any, stopped_after: int) -> None:
    chosen = training(optimizer="sgd", schedule=schedule)
    whole = rates(chosen)
    optimizer, rate = begun(chosen)
    for _ in range(stopped_after):
        optimizer.step()
        rate.step()
    kept = {"optimizer": optimizer.state_dict(), **rate.state()}
    optimizer, rate = begun(chosen)
    optimizer.load_state_dict(kept["optimizer"])
    rate.load(kept)
    found = []
    for _ in range(stopped_after, STEPS):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        rate.step()
    assert found == whole[stopped_after:]


def test_a_step_that_is_left_out_moves_the_rate_as_any_other() -> None:
    chosen = training(schedule="poly")
    optimizer, rate = begun(chosen)
    rate.step()  # although the first step was not taken, there is no warning
    assert optimizer.param_groups[0]["lr"] == rates(chosen)[1]


@pytest.mark.parametrize(
    ("optimizer", "kind", "options", "moments"),
    [
        ("adam", torch.optim.Adam, {"betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0, "amsgrad": False}, 2),
        ("adamw", torch.optim.AdamW, {"betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.01, "amsgrad": False}, 2),
        ("sgd", torch.optim.SGD, {"momentum": 0.9, "dampening": 0, "weight_decay": 0, "nesterov": False}, 1),
        (
            {"name": "adam", "betas": [0.8, 0.99], "eps": 1e-6, "weight_decay": 0.1, "amsgrad": True},
            torch.optim.Adam,
            {"betas": (0.8, 0.99), "eps": 1e-6, "weight_decay": 0.1, "amsgrad": True},
            3,
        ),
        (
            {"name": "sgd", "momentum": 0.99, "nesterov": True, "weight_decay": 3e-5},
            torch.optim.SGD,
            {"momentum": 0.99, "nesterov": True, "weight_decay": 3e-5},
            1,
        ),
        ({"name": "sgd", "momentum": 0}, torch.optim.SGD, {"momentum": 0}, 0),
    ],
    ids=str,
)
def test_an_optimizer_is_torchs_with_its_options(
    optimizer: Any, kind: type[torch.optim.Optimizer], options: dict[str, Any], moments: int
) -> None:
    chosen = training(optimizer=optimizer)
    made = build_optimizer([nn.Parameter(torch.ones(3))], chosen)
    assert type(made).__bases__ == (kind,)
    group = made.param_groups[0]
    assert {**options, "lr": RATE} == {name: group[name] for name in (*options, "lr")}
    assert moments_of(chosen.optimizer) == moments


@pytest.mark.parametrize(
    ("name", "torchs"),
    [
        ("adam", lambda weights: torch.optim.Adam(weights, RATE)),
        ("adamw", lambda weights: torch.optim.AdamW(weights, RATE)),
        ("sgd", lambda weights: torch.optim.SGD(weights, RATE, momentum=0.9)),
    ],
)
def test_an_optimizer_steps_as_torchs_does_and_continues_from_its_state(name: str, torchs: Any) -> None:
    chosen = training(optimizer=name)
    weights = [nn.Parameter(torch.linspace(-1, 1, 5)) for _ in range(2)]
    ours = build_optimizer(weights[:1], chosen)
    theirs = torchs(weights[1:])
    for number in range(4):
        for optimized, weight in zip((ours, theirs), weights, strict=True):
            optimized.zero_grad()
            (weight**2).sum().backward()
            optimized.step()
        assert torch.equal(*weights)
        if number == 1:
            ours, state = build_optimizer(weights[:1], chosen), ours.state_dict()
            assert str(state["state"]) == str(theirs.state_dict()["state"])
            ours.load_state_dict(state)
