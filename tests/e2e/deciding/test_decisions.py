"""`gridctl decide` looks at finished runs as declared, and trains nothing that is not needed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from gridctl_trainer.contract.layout import RunLayout
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.folder import FolderStore
from tests.e2e.deciding.conftest import Plant
from tests.e2e.short_commands import Command
from tests.unit.report.logged import NOW, Dice, log_run

ANYTIME = ("compare.claim=cohort", "compare.stopping=anytime")
LOOKS = ("compare.claim=cohort", "compare.stopping={looks: [3, 5]}")


def ahead(gain: float, noise: float = 0.004) -> Dice:
    """Scores with γ-Net ahead by this much, and noise for each run."""

    def dice(run: RunSpec, epoch: int) -> float:
        drawn = np.random.default_rng([run.seed, round(100 * run.train_ratio), len(run.model)]).normal(0, noise)
        return float(0.6 + epoch / 100 + drawn + gain * (run.model == "gamma_net"))

    return dice


def decide(gridctl: Command, *options: str) -> tuple[int, Mapping[str, Any]]:
    done = gridctl("decide", "tiny.yaml", "--store", "store", "--json", "--no-verify", *options)
    return done.returncode, json.loads(done.stdout) if done.stdout else {"stderr": done.stderr}


@pytest.mark.parametrize(
    ("gain", "margin", "decision"), [(0.2, "null", "better"), (-0.2, "null", "worse"), (0.0, "0.2", "equivalent")]
)
@pytest.mark.parametrize("stopping", [ANYTIME, LOOKS])
def test_better_worse_and_equivalent_end_it(
    stopping: tuple[str, ...], gain: float, margin: str, decision: str, gridctl: Command, plant: Plant
) -> None:
    plant(ahead(gain), *stopping, f"compare.equivalence_margin={margin}", "seeds=[1, 2, 3, 4, 5, 6]", seeds=5)
    code, found = decide(gridctl)
    assert (code, found["ended"], found["seeds"], found["most_seeds"]) == (0, "decided", 5, 6)
    (look,) = found["looks"]
    assert len(look["tests"]) == 2, "on validation and on the external set"
    for test in look["tests"]:
        assert (test["decision"], test["seeds"], test["claim"]) == (decision, 5, "cohort")
        if decision == "equivalent":
            assert -0.2 < test["low"] < test["high"] < 0.2


def test_the_report_says_what_was_decided(gridctl: Command, plant: Plant) -> None:
    plant(ahead(0.0), *ANYTIME, "compare.equivalence_margin=0.2", seeds=5)
    shown = gridctl("decide", "tiny.yaml", "--store", "store", "--no-verify")
    assert shown.returncode == 0, shown.stderr
    assert "look at 5 seeds:" in shown.stdout
    assert "equivalent within the declared margin of ±0.2" in shown.stdout
    assert "stops: it is decided" in shown.stdout
    report = gridctl("report", "tiny", "--store", "store", "--significance", "--json")
    headline = json.loads(report.stdout)["headlines"][0]
    assert "equivalent within the declared margin of ±0.2" in headline


def test_looks_are_at_declared_seeds_alone(gridctl: Command, plant: Plant) -> None:
    """If four seeds are done, the answer is that of the look at three."""
    plant(ahead(0.2), *LOOKS, seeds=4)
    code, found = decide(gridctl)
    assert (code, found["ended"]) == (0, "decided")
    (look,) = found["looks"]
    assert (look["seeds"], look["tests"][0]["seeds"]) == (3, 3)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--max-seeds", "3"), "all 3 seeds of the budget are done"),
        (("--max-hours", "0.03"), "0.03 of 0.03 hours of training are spent"),
    ],
)
def test_nothing_decided_within_the_budget_is_said(
    options: tuple[str, ...], said: str, gridctl: Command, plant: Plant
) -> None:
    plant(ahead(0.0, 0.05), *ANYTIME, seeds=3, started_at=NOW - timedelta(seconds=10))  # 12 runs
    code, found = decide(gridctl, *options)
    assert (code, found["ended"], found["seeds"]) == (0, "budget", 3)
    assert said in found["says"]
    assert found["looks"][0]["tests"][0]["decision"] == "open"


def test_no_look_that_was_not_declared_follows_the_last(gridctl: Command, plant: Plant) -> None:
    plant(ahead(0.0, 0.05), *LOOKS, "seeds=[1, 2, 3, 4, 5, 6, 7]", seeds=5)
    code, found = decide(gridctl)
    assert (code, found["ended"], found["looks"][0]["seeds"]) == (0, "budget", 5)
    assert "no declared look is left within 7 seeds" in found["says"]


def test_a_failed_run_does_not_count_and_stops_it(gridctl: Command, plant: Plant, store: FolderStore) -> None:
    tiny = plant(ahead(0.0, 0.05), *ANYTIME, seeds=2)
    broken = next(run for run in tiny.runs if run.seed == 3)
    store.put(RunLayout(broken.experiment, broken.run_id).spec, broken.to_json())
    log_run(store, broken, ahead(0.0), finished=False, failed="the disk is full", epochs=1)
    code, found = decide(gridctl)
    assert (code, found["ended"], found["seeds"]) == (1, "failed", 2)
    assert found["failed"] == {broken.run_id: "the disk is full"}
    assert not any(store.exists(RunLayout(run.experiment, run.run_id).spec) for run in tiny.runs if run.seed == 4)


def test_a_pair_that_cannot_be_tested_stops_it(gridctl: Command, plant: Plant) -> None:
    plant(ahead(0.0, 0.05), *ANYTIME, seeds=3, other=2)
    code, found = decide(gridctl)
    assert (code, found["ended"]) == (1, "unusable")
    assert "seed 2" in found["says"]


def test_each_look_is_kept_in_the_history(gridctl: Command, plant: Plant, store: FolderStore) -> None:
    plant(ahead(0.2), *ANYTIME, seeds=5)
    assert decide(gridctl)[0] == 0
    kept = [stat.key for stat in store.list("tiny/history/")]
    assert len([key for key in kept if "-report-" in key]) == 1


@pytest.mark.parametrize(
    ("overrides", "options", "said"),
    [
        (("compare.stopping=fixed",), (), "`fixed` allows one look"),
        (("compare=null",), (), "compares nothing"),
        (("compare.stopping={looks: [8, 10]}",), (), "the first declared look takes 8 pairs"),
        (LOOKS, ("--max-seeds", "2"), "the first declared look takes 3 seeds, and the budget is 2"),
        (ANYTIME, ("--max-seeds", "9"), "9 seeds, and tiny declares 5"),
        (ANYTIME, ("--max-hours", "0"), "0 hours are none"),
        (
            ("compare.claim=population", "compare.stopping={looks: [3, 5]}", "compare.metrics=[validation.soft_dice]"),
            (),
            "nothing can be decided",
        ),
    ],
)
def test_what_cannot_be_decided_is_refused_with_what_to_declare(
    overrides: tuple[str, ...], options: tuple[str, ...], said: str, gridctl: Command, plant: Plant
) -> None:
    plant(ahead(0.2), *overrides, seeds=5)
    done = gridctl("decide", "tiny.yaml", "--store", "store", *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "\n  " in done.stderr, "what to do"
