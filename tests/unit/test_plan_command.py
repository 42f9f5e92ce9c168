"""`gridctl plan` estimates hours from measured epochs, and seeds from the declared effect."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from scipy import stats

from gridctl.analysis.statistics.power import paired_t_power, pairs_needed
from gridctl.cli.views.plan import plan_view
from gridctl.collection.collect import collect
from gridctl.collection.specifications import StoredSpecifications
from gridctl.commands.planning.epoch_times import measured_elsewhere
from gridctl.commands.planning.plan import Estimate, estimate, make_plan
from gridctl.experiment import Experiment, parse_experiment
from gridctl.report import ReportRequest, build_report
from gridctl_trainer.contract.layout import RunLayout
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.folder import FolderStore
from tests.scored import SUNNYBROOK_DICE, VALIDATION_DICE
from tests.unit.report.logged import EPOCHS, experiment, log_run
from tests.unit.report.scored_cases import VALIDATION_CASE_DICE, log_cases


def dice(run: RunSpec, epoch: int) -> float:
    draw_ = np.random.default_rng([run.seed, round(10 * run.train_ratio), len(run.model), epoch])
    return float(0.7 + draw_.normal(0, 0.02))


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


def declared(tmp_path: Path, *overrides: str) -> Experiment:
    return parse_experiment(experiment(tmp_path / "data").document.with_overrides(list(overrides)))


def made(tiny: Experiment, store: FolderStore, at_once: int | None = None) -> Estimate:
    return estimate(tiny, collect(store, tiny.runs), at_once)


def planned(tiny: Experiment, store: FolderStore) -> Estimate:
    """The plan of a grid of which no run may have begun."""
    collected = collect(store, tiny.runs)
    return estimate(
        tiny, collected, 1, measured_elsewhere(store, tiny, collected, StoredSpecifications(store, tiny.name))
    )


def shown(estimated: Estimate) -> str:
    console = Console(width=80, file=io.StringIO())
    console.print(plan_view(estimated))
    file = console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue()


def test_nothing_measured_is_said_with_what_to_do(store: FolderStore, tmp_path: Path) -> None:
    estimated = made(declared(tmp_path), store)
    assert (estimated.runs_left, estimated.hours, estimated.eta_seconds) == (20, None, None)
    assert estimated.unmeasured == ["gamma_net", "unet"]
    assert "--set 'seeds=[1]'" in " ".join(shown(estimated).split())


def test_hours_are_measured_seconds_times_epochs_left(store: FolderStore, tmp_path: Path) -> None:
    tiny = declared(tmp_path)
    for run in tiny.runs:
        if run.seed == 1 and run.train_ratio == 0.2:
            log_run(store, run, dice)
    estimated = made(tiny, store, at_once=3)
    left = 18 * EPOCHS * 2.0
    assert estimated.hours == pytest.approx(left / 3600)
    assert estimated.eta_seconds == pytest.approx(left / 3)
    assert [cost.measured for cost in estimated.cells] == [True, True, False, False]
    assert "~2" in shown(estimated), "a cell that was not measured itself"


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("training.epochs=12", "other training.epochs"),
        ("training.learning_rate=0.01", "other training.learning_rate"),
        ("seeds=[8, 9]", "other seeds"),
    ],
)
def test_epochs_of_other_grids_count_where_they_take_as_long(
    override: str, said: str, store: FolderStore, tmp_path: Path
) -> None:
    for run in declared(tmp_path).runs:
        store.put(RunLayout(run.experiment, run.run_id).spec, run.to_json())
        log_run(store, run, dice, device_name="a processor")
    tiny = declared(tmp_path, override)
    estimated = planned(tiny, store)
    epochs = sum(run.training.epochs for run in tiny.runs)
    assert estimated.hours == pytest.approx(epochs * 2.0 / 3600)
    assert not any(cost.measured for cost in estimated.cells), "in this grid nothing was"
    line = " ".join(shown(estimated).split())
    assert f"measured in 20 finished runs of the store with {said} (on a processor)" in line


@pytest.mark.parametrize(
    "overrides",
    [
        ("training.batch_size=2",),
        ("data.size_px=64",),
        ("training.threads=2", "training.epochs=12"),
        ("data.external.sunnybrook=null",),
    ],
)
def test_epochs_that_may_take_longer_or_shorter_do_not_count(
    overrides: tuple[str, ...], store: FolderStore, tmp_path: Path
) -> None:
    for run in declared(tmp_path).runs:
        store.put(RunLayout(run.experiment, run.run_id).spec, run.to_json())
        log_run(store, run, dice)
    estimated = planned(declared(tmp_path, "compare.metrics=[validation.soft_dice.left_ventricle]", *overrides), store)
    assert (estimated.hours, estimated.unmeasured) == (None, ["gamma_net", "unet"])


def test_pods_with_gpus_are_not_judged_by_processors(store: FolderStore, tmp_path: Path) -> None:
    for run in declared(tmp_path).runs:
        store.put(RunLayout(run.experiment, run.run_id).spec, run.to_json())
        log_run(store, run, dice, device="cpu")
    tiny = declared(tmp_path, "training.epochs=12")
    cluster = replace(tiny, backend="kubernetes", kubernetes=tiny.kubernetes.model_copy(update={"gpus": 1}))
    assert planned(cluster, store).hours is None


def test_minutes_are_no_hundredths_of_hours(store: FolderStore, tmp_path: Path) -> None:
    tiny = declared(tmp_path, "training.epochs=40")
    for run in tiny.runs[:2]:
        log_run(store, run, dice, epochs=40)
    text = shown(made(tiny, store, at_once=1))
    assert "hours" not in text
    assert "18 of 20 runs left: 24 min; 24 min with 1 at once" in " ".join(text.split())


def test_no_crowd_is_faster_than_one_run(store: FolderStore, tmp_path: Path) -> None:
    tiny = declared(tmp_path)
    for run in tiny.runs[:2]:
        log_run(store, run, dice)
    assert made(tiny, store, at_once=1000).eta_seconds == pytest.approx(EPOCHS * 2.0)


def test_a_cluster_counts_gpus_and_asks_how_many_at_once(store: FolderStore, tmp_path: Path) -> None:
    tiny = declared(tmp_path)
    for run in tiny.runs[:2]:
        log_run(store, run, dice)
    cluster = replace(tiny, backend="kubernetes", kubernetes=tiny.kubernetes.model_copy(update={"gpus": 2}))
    estimated = made(cluster, store)
    assert estimated.hours is not None
    assert estimated.gpu_hours == pytest.approx(2 * estimated.hours)
    assert estimated.eta_seconds is None
    assert "--at-once" in shown(estimated)
    assert made(cluster, store, at_once=4).eta_seconds is not None


def test_seeds_for_the_declared_effect_and_deviation(store: FolderStore, tmp_path: Path) -> None:
    estimated = made(declared(tmp_path, "compare.effect=0.01", "compare.effect_sd=0.02"), store)
    assert {need.metric for need in estimated.needs} == {
        VALIDATION_DICE,
        SUNNYBROOK_DICE,
    }
    for need in estimated.needs:
        assert (need.source, need.tests, need.standardised) == ("declared", 2, False)
        assert need.power_now == pytest.approx(paired_t_power(0.01, 0.02, 5))
        assert need.seeds_needed == pairs_needed(0.01, 0.02) == 34
        assert need.seeds_needed_holm == pairs_needed(0.01, 0.02, 0.8, 0.025)


def test_the_deviation_is_measured_where_it_is_largest(store: FolderStore, tmp_path: Path) -> None:
    tiny = declared(tmp_path, "compare.effect=0.01")
    for run in tiny.runs:
        log_run(store, run, dice)
    need = made(tiny, store).needs[0]
    spread = {}
    for ratio in tiny.train_ratios:
        here = [run for run in tiny.runs if run.train_ratio == ratio]
        gamma, unet = ([dice(run, EPOCHS) for run in here if run.model == model] for model in ("gamma_net", "unet"))
        spread[ratio] = np.std(np.subtract(gamma, unet), ddof=1)
    worst = max(spread, key=lambda ratio: float(spread[ratio]))
    assert need.deviation == pytest.approx(spread[worst])
    assert need.source == f"measured at ratio {worst:g} over 5 pairs"


def test_without_an_effect_there_is_a_scale(store: FolderStore, tmp_path: Path) -> None:
    estimated = made(declared(tmp_path), store)
    validation = [need for need in estimated.needs if need.metric == VALIDATION_DICE]
    assert [(need.effect, need.seeds_needed) for need in validation] == [(0.5, 34), (1.0, 10), (2.0, 5)]
    assert "declare compare.effect" in " ".join(shown(estimated).split())


def test_all_done_costs_nothing(store: FolderStore, tmp_path: Path) -> None:
    tiny = declared(tmp_path)
    for run in tiny.runs:
        log_run(store, run, dice)
    estimated = made(tiny, store)
    assert (estimated.hours, estimated.runs_left) == (0, 0)
    assert "all of 20 runs are done" in shown(estimated)


def test_a_file_that_was_never_submitted_can_be_planned(tmp_path: Path) -> None:
    tiny = declared(tmp_path)
    file = tmp_path / "tiny.yaml"
    file.write_text(tiny.document.to_yaml(), encoding="utf-8")
    estimated = make_plan(str(file), ["seeds=[7]"], str(tmp_path / "nowhere"), None)
    assert estimated.runs == 4
    assert estimated.to_json()["first_seed"] == 7


@pytest.mark.parametrize("family", ["metric", "comparison", "experiment"])
@pytest.mark.parametrize(
    "grid",
    [
        (),
        ("data.external.sunnybrook=null",),
        ("ablations=[none, no_clahe, no_minmax]",),
        (
            "models={unet: {}, gamma_net: {}, wide: {architecture: unet}}",
            "compare.metrics=[validation.soft_dice.left_ventricle]",
        ),
    ],
)
def test_plan_counts_the_tests_that_report_corrects_together(
    family: str, grid: tuple[str, ...], store: FolderStore, tmp_path: Path
) -> None:
    tiny = declared(tmp_path, *grid, f"compare.family={family}")
    if "wide" in tiny.models:
        other = tiny.compare[0].model_copy(update={"model": "wide"})
        tiny = replace(tiny, compare=(*tiny.compare, other))
    for run in tiny.runs[:7]:
        log_run(store, run, dice)
    collected = collect(store, tiny.runs)
    report = build_report(tiny, collected, ReportRequest(significance=True))
    sizes = {
        (row.model, row.against, row.metric): row.family_size
        for part in report.comparisons
        if part.kind == "models"
        for row in part.rows
    }
    needs = estimate(tiny, collected).needs
    assert {(need.model, need.against, need.metric): need.tests for need in needs} == sizes
    assert {family.name: family.m for family in report.families} == {
        row.family: row.family_size for part in report.comparisons for row in part.rows
    }


def test_folds_make_pairs_and_it_is_said(store: FolderStore, tmp_path: Path) -> None:
    tiny = replace(declared(tmp_path, "compare.effect=0.02", "compare.effect_sd=0.02"), folds=(0, 1, 2))
    made_ = made(tiny, store)
    need = made_.needs[0]
    assert (need.seeds, need.pairs) == (5, 15)
    assert need.power_now == pytest.approx(paired_t_power(0.02, 0.02, 15))
    pairs = pairs_needed(0.02, 0.02, 0.8)
    assert pairs is not None
    assert need.seeds_needed == -(-pairs // 3)
    assert "each seed has 3 folds" in " ".join(shown(made_).split())


def test_how_sure_a_measured_deviation_makes_the_seeds(store: FolderStore, tmp_path: Path) -> None:
    tiny = declared(tmp_path, "compare.effect=0.02")
    for run in tiny.runs:
        log_run(store, run, dice)
    need = made(tiny, store).needs[0]
    assert need.seeds_needed is not None
    assert need.seeds_low is not None
    assert need.seeds_low < need.seeds_needed
    assert need.seeds_high is None or need.seeds_high > need.seeds_needed


def test_patients_like_these_take_patients(store: FolderStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With six patients whose differences vary by 0.05, no number of seeds shows 0.02."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    document = experiment(tmp_path / "data", "metrics: [dice, soft_dice, bce]").document
    tiny = parse_experiment(document.with_overrides(["compare.effect=0.02"]))

    def case_dice(run: RunSpec, set_name: str, patient: str, time_point: str) -> float:
        own = np.random.default_rng([int(patient[-3:]), 3]).normal(0, 0.05)
        noise = np.random.default_rng([int(patient[-3:]), run.seed, len(run.model), len(time_point)]).normal(0, 0.005)
        return float(0.7 + noise + (own if run.model == "gamma_net" else 0))

    for run in tiny.runs:
        log_run(store, run, dice)
        log_cases(store, run, case_dice)
    made_ = estimate(tiny, collect(store, tiny.runs, cases=True))
    need = next(need for need in made_.needs if need.metric == VALIDATION_CASE_DICE)
    assert (need.claim, need.patients) == ("population", 6)
    assert need.population_seeds_needed is None
    assert need.patients_needed is not None
    assert need.patients_needed > 6
    text = " ".join(shown(made_).split())
    assert "no number of seeds reaches 80% with these patients" in text
    assert f"or {need.patients_needed} patients with these seeds" in text


def cases_apart(run: RunSpec, set_name: str, patient: str, time_point: str) -> float:
    """Scores in which seeds, patients and residuals vary by 0.01 each, with a difference that depends on the cell."""
    drawn = [
        np.random.default_rng([*key, len(run.model)]).normal(0, 0.01)
        for key in ((run.seed,), (int(patient[-3:]), 7), (run.seed, int(patient[-3:]), round(10 * run.train_ratio)))
    ]
    return float(0.7 + sum(drawn) + 0.02 * (run.model == "gamma_net"))


def test_power_of_the_test_that_the_report_makes_first(store: FolderStore, tmp_path: Path) -> None:
    """Both readings use the same means and the same family as the report."""
    metrics = "[validation.dice.left_ventricle, sunnybrook.dice.left_ventricle]"
    tiny = declared(
        tmp_path, "metrics=[dice, soft_dice]", f"compare.metrics={metrics}", "compare.effect=0.02",
        "compare.family=comparison",
    )  # fmt: skip
    for run in tiny.runs:
        log_run(store, run, dice)
        log_cases(store, run, cases_apart)
    collected = collect(store, tiny.runs, cases=True)
    need = next(need for need in estimate(tiny, collected).needs if need.metric == VALIDATION_CASE_DICE)
    report = build_report(tiny, collected, ReportRequest(significance=True))
    row = next(row for row in report.comparisons[0].overall if row.metric == VALIDATION_CASE_DICE)
    grid = need.over_grid
    assert grid is not None
    assert (grid.cells, grid.seeds_measured, grid.patients) == (2, row.n_seeds, row.patients) == (2, 5, 6)
    assert grid.tests == row.family_size == 2
    assert row.cohort_high is not None
    assert row.cohort_difference is not None
    se = (row.cohort_high - row.cohort_difference) / stats.t.ppf(0.975, 4)
    assert grid.deviation == pytest.approx(se * 5**0.5)
    assert grid.power_now == pytest.approx(paired_t_power(0.02, grid.deviation, 5, 0.05 / 2))
    assert grid.seeds_needed == pairs_needed(0.02, grid.deviation, 0.8, 0.05 / 2)
    assert grid.population_power_now is not None
    assert need.population_power_now is not None
    assert need.population_power_now_holm is not None
    assert 0 < need.population_power_now_holm < need.population_power_now
    text = " ".join(shown(estimate(tiny, collected)).split())
    assert "over the whole grid, the test that comes first after Holm over 2 such tests: power now" in text
    assert "over the whole grid, patients like these: power now" in text
    assert "patients like these, after Holm over 4 tests: power now" in text


def test_a_grid_of_one_cell_has_no_other_test(store: FolderStore, tmp_path: Path) -> None:
    tiny = declared(tmp_path, "compare.effect=0.02", "train_ratios=[0.5]")
    for run in tiny.runs:
        log_run(store, run, dice)
    assert all(need.over_grid is None for need in made(tiny, store).needs)
