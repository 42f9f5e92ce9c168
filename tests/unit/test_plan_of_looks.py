"""`gridctl plan` takes into account that looks under `compare.stopping` share the level."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from gridctl.analysis.statistics.sequential.power import AnyTime, AtLooks
from gridctl.cli.views.plan import plan_view
from gridctl.collection.collect import collect
from gridctl.commands.planning.needs import Need
from gridctl.commands.planning.plan import Estimate, estimate
from gridctl.experiment import parse_experiment
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.folder import FolderStore
from tests.unit.report.logged import dice_of, experiment, log_run
from tests.unit.report.scored_cases import log_cases
from tests.unit.report.situations import noise

LOOKS = "compare.stopping={looks: [3, 5, 8]}"


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def dice(run: RunSpec, set_name: str, patient: str, time_point: str) -> float:
    drawn = noise("patient", patient, run.model) + noise(run.model, run.seed) + noise(run.model, run.seed, patient)
    return 0.8 + drawn + noise(run.model, run.seed, run.train_ratio, patient)


def planned(tmp_path: Path, *overrides: str) -> Estimate:
    declared = ["compare.metrics=[validation.dice]", "compare.effect=0.02", *overrides]
    tiny = parse_experiment(
        experiment(tmp_path / "data", "metrics: [dice, soft_dice]").document.with_overrides(declared)
    )
    store = FolderStore(tmp_path / "store")
    for run in tiny.runs:
        log_run(store, run, dice_of(0.0))
        log_cases(store, run, dice)
    return estimate(tiny, collect(store, tiny.runs, cases=True))


def need_of(made: Estimate) -> Need:
    (need,) = made.needs
    return need


def shown(made: Estimate) -> str:
    console = Console(width=100, file=io.StringIO())
    console.print(plan_view(made))
    return " ".join(console.file.getvalue().split())  # type: ignore[attr-defined]


def test_power_of_these_patients_is_that_of_all_looks_reached(tmp_path: Path) -> None:
    need = need_of(planned(tmp_path, LOOKS, "compare.claim=cohort"))
    assert need.looks == (3, 5, 8)
    assert need.deviation is not None
    rule, effect = AtLooks((3, 5, 8)), need.effect / need.deviation
    assert need.power_now == rule.power(effect, 5, 0.05)
    assert need.seeds_needed == rule.pairs_needed(effect, 0.8, 0.05)
    assert need.seeds_needed_holm == rule.pairs_needed(effect, 0.8, 0.05 / need.tests)
    assert need.over_grid is not None
    of_grid = need.effect / need.over_grid.deviation
    assert need.over_grid.power_now == rule.power(of_grid, 5, 0.05 / need.over_grid.tests)


def test_patients_like_these_are_tested_at_the_level_over_the_number_of_looks(tmp_path: Path) -> None:
    once, looked = need_of(planned(tmp_path)), need_of(planned(tmp_path, LOOKS))
    assert looked.population_power_now is not None
    assert once.population_power_now is not None
    assert once.population_power_now_holm is not None
    assert looked.population_power_now < once.population_power_now  # five seeds reach the second of three looks
    two = need_of(planned(tmp_path, "compare.stopping={looks: [3, 5]}"))
    assert two.population_power_now == pytest.approx(once.population_power_now_holm)  # of two tests, or of two looks
    assert looked.over_grid is not None
    assert once.over_grid is not None
    assert (looked.over_grid.population_power_now or 0) < (once.over_grid.population_power_now or 0)


def test_before_the_first_look_nothing_is_found(tmp_path: Path) -> None:
    need = need_of(planned(tmp_path, "compare.stopping={looks: [6, 10]}"))
    assert (need.power_now, need.population_power_now) == (0, 0)
    assert need.seeds_needed is not None
    assert need.seeds_needed >= 6


def test_at_any_time(tmp_path: Path) -> None:
    made = planned(tmp_path, "compare.stopping=anytime")
    need = need_of(made)
    assert (need.anytime, need.claim) == (True, "cohort")
    assert need.deviation is not None
    assert need.power_now == AnyTime().power(need.effect / need.deviation, 5, 0.05)
    assert need.seeds_needed == AnyTime().pairs_needed(need.effect / need.deviation, 0.8, 0.05)
    assert "an e-value finds the effect at any look, one after every seed, with the 5 seeds" in shown(made)
    assert "may not be looked at after every seed" in shown(made)


def test_the_plan_says_what_the_looks_cost(tmp_path: Path) -> None:
    text = shown(planned(tmp_path, LOOKS))
    assert "at any of the declared looks, at 3, 5 and 8 seeds, with the 5 seeds of the grid" in text
    assert "patients like these by 0.05/3 at each" in text
    assert "the 5 seeds of the grid reach 2 of the 3 looks" in text
    assert "looks:" not in shown(planned(tmp_path))
