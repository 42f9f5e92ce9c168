"""Reports say in numbers and words whether a lead grows as the data shrinks, and whether an ablation changes it."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from scipy import stats

from gridctl.analysis.statistics.moderators.trend import page_l, trend
from gridctl.analysis.statistics.population.two_way import two_way
from gridctl.collection.collect import collect
from gridctl.experiment import Experiment, parse_experiment
from gridctl.report import Report, ReportRequest, build_report, render
from gridctl.report.renderers.csv_and_json import side_tables
from gridctl.report.renderers.html.charts.legend import models
from gridctl.report.renderers.html.charts.trend_chart import trend_plots
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.folder import FolderStore
from tests.scored import VALIDATION_BCE
from tests.unit.report.logged import Dice, experiment, log_run
from tests.unit.report.scored_cases import PATIENTS, log_cases

ASKED = ReportRequest(significance=True)
RATIOS = "train_ratios=[0.1, 0.2, 0.4, 0.8]"


def gap(run: RunSpec) -> float:
    """A lead of 0.04 at a tenth of the data, which falls by 0.01 with every doubling and differs between seeds."""
    noise = np.random.default_rng([run.seed, round(100 * run.train_ratio)]).normal(0, 0.001)
    return float(0.04 - 0.01 * np.log2(run.train_ratio / 0.1) + noise)


def growing(run: RunSpec, epoch: int) -> float:
    return 0.7 + run.seed / 100 + (gap(run) if run.model == "gamma_net" else 0)


def growing_cases(run: RunSpec, set_name: str, patient: str, time_point: str) -> float:
    number = int(patient[-3:])
    noise = np.random.default_rng([number, run.seed, len(run.model), round(100 * run.train_ratio)]).normal(0, 0.002)
    return growing(run, 1) + 0.01 * number + float(noise)


def filled(store: FolderStore, tmp_path: Path, dice: Dice, *overrides: str, cases: bool = False) -> Experiment:
    text = "metrics: [dice, soft_dice, bce]" if cases else ""
    tiny = parse_experiment(experiment(tmp_path / "data", text).document.with_overrides([RATIOS, *overrides]))
    for run in tiny.runs:
        log_run(store, run, dice)
        if cases:
            log_cases(store, run, growing_cases)
    return tiny


def reported(tiny: Experiment, store: FolderStore, asked: ReportRequest = ASKED) -> Report:
    return build_report(tiny, collect(store, tiny.runs, cases=True), asked)


def gaps(tiny: Experiment) -> np.ndarray:
    of = {(run.seed, run.train_ratio): gap(run) for run in tiny.runs}
    return np.array([[of[seed, ratio] for ratio in tiny.train_ratios] for seed in tiny.seeds])


def test_a_declared_trend_is_part_of_the_answer(store: FolderStore, tmp_path: Path) -> None:
    tiny = filled(store, tmp_path, growing, "compare.trend=grows")
    report = reported(tiny, store)
    row = report.comparisons[0].trends[0]
    ours, page = trend(tiny.train_ratios, gaps(tiny)), page_l(tiny.train_ratios, gaps(tiny))
    assert page is not None
    assert ours.slope is not None
    assert (row.per_halving, row.p, row.p_page) == pytest.approx((-ours.slope, ours.p, page.p))
    assert (row.ci_low, row.ci_high) == pytest.approx((-(ours.high or 0), -(ours.low or 0)))
    assert row.ci_low is not None
    assert row.ci_low > 0
    said = (
        "trend of gamma_net against unet: the lead of gamma_net over unet grows by 0.010 for every halving of the data"
    )
    assert any(said in line for line in report.headlines)
    assert any("n = 5 seeds" in line and "Population: these patients of acdc" in line for line in report.headlines)


def test_an_undeclared_trend_is_shown_and_no_part_of_the_answer(store: FolderStore, tmp_path: Path) -> None:
    report = reported(filled(store, tmp_path, growing), store)
    assert not any("trend" in line for line in report.headlines)
    console = Console(file=io.StringIO(), width=120)
    render(report, "table", console)
    shown = " ".join(console.file.getvalue().split())  # type: ignore[attr-defined]
    assert "trend over the train ratio" in shown
    assert "not declared (compare.trend), so not part of the answer" in shown


def test_a_trend_against_what_was_declared_says_so(store: FolderStore, tmp_path: Path) -> None:
    report = reported(filled(store, tmp_path, growing, "compare.trend=shrinks"), store)
    row = report.comparisons[0].trends[0]
    assert row.verdict.endswith("against what was declared (shrinks)")
    assert row.p_page is not None
    assert row.p_page > 0.9


def test_of_a_score_that_is_better_when_lower_the_lead_grows_too(store: FolderStore, tmp_path: Path) -> None:
    tiny = filled(store, tmp_path, growing, "compare.trend=grows")
    row = reported(tiny, store, ReportRequest(significance=True, metrics=(VALIDATION_BCE,))).comparisons[0].trends[0]
    assert row.per_halving == pytest.approx(0.01, abs=0.002)
    assert "grows" in row.verdict


def test_no_trend_is_claimed_of_unfinished_runs_or_two_seeds(store: FolderStore, tmp_path: Path) -> None:
    tiny = filled(store, tmp_path, growing, "compare.trend=grows", "seeds=[1, 2]")
    for row in reported(tiny, store).comparisons[0].trends:
        assert "grows" not in row.verdict
    more = parse_experiment(tiny.document.with_overrides(["seeds=[1, 2, 3]"]))
    for row in reported(more, store).comparisons[0].trends:
        assert row.verdict.startswith("no answer yet")


def test_one_ratio_has_no_trend(store: FolderStore, tmp_path: Path) -> None:
    report = reported(filled(store, tmp_path, growing, "train_ratios=[0.5]"), store)
    assert not report.comparisons[0].trends


def test_patients_have_slopes_of_their_own(store: FolderStore, tmp_path: Path) -> None:
    tiny = filled(store, tmp_path, growing, "compare.trend=grows", cases=True)
    row = reported(tiny, store).comparisons[0].trends[0]
    x = np.log2(tiny.train_ratios) - np.log2(tiny.train_ratios).mean()
    of = {(run.model, run.seed, run.train_ratio): run for run in tiny.runs}

    def slope(seed: int, patient: str) -> float:
        d = [
            np.subtract(*(growing_cases(of[m, seed, r], "", patient, "ED") for m in ("gamma_net", "unet")))
            for r in tiny.train_ratios
        ]
        return float(x @ d / (x @ x))

    theirs = two_way([[slope(seed, patient) for patient in PATIENTS] for seed in tiny.seeds])
    assert theirs.mean is not None
    assert (row.claim, row.patients, row.n_seeds) == ("population", 6, 5)
    assert (row.per_halving, row.p) == pytest.approx((-theirs.mean, theirs.p))
    assert row.cohort_p != row.p


def test_an_ablation_that_takes_the_lead_away_is_found(store: FolderStore, tmp_path: Path) -> None:
    def dice(run: RunSpec, epoch: int) -> float:
        noise = np.random.default_rng([run.seed, len(run.model), len(run.ablation), round(100 * run.train_ratio)])
        lead = 0.05 * (run.model == "gamma_net") * (run.ablation != "no_clahe")
        return 0.7 + lead + float(noise.normal(0, 0.003))

    report = reported(filled(store, tmp_path, dice, "ablations=[none, no_clahe, no_minmax]"), store)
    (clahe, minmax) = report.comparisons[0].interactions[:2]
    assert clahe.difference is not None
    less = f"smaller by {-clahe.difference:.3f}"
    assert clahe.verdict == f"under no_clahe the lead of gamma_net over unet is {less}"
    assert minmax.verdict == "no effect on the lead is shown"
    assert clahe.family_size == 2
    assert json.loads(render(report, "json", Console()))["interactions"][0]["ablation"] == "no_clahe"


def test_a_trend_without_spread_is_not_tested(store: FolderStore, tmp_path: Path) -> None:
    report = reported(filled(store, tmp_path, lambda run, epoch: 0.5 + 0.25 * (run.model == "unet")), store)
    for row in report.comparisons[0].trends:
        assert row.verdict == "the same trend in every seed, so there is no spread to test against"


def test_the_line_has_the_tested_slope_and_its_band_is_that_of_the_seeds_lines(
    store: FolderStore, tmp_path: Path
) -> None:
    tiny = filled(store, tmp_path, growing, "compare.trend=grows")
    row = reported(tiny, store).comparisons[0].trends[0]
    d, x = gaps(tiny), np.log2(tiny.train_ratios)
    assert [point.train_ratio for point in row.points] == list(tiny.train_ratios)
    assert [point.lead for point in row.points] == pytest.approx(d.mean(axis=0))
    first, last = row.line[0], row.line[-1]
    assert (first.train_ratio, last.train_ratio) == pytest.approx((0.1, 0.8))
    assert first.lead - last.lead == pytest.approx(3 * (row.per_halving or 0))
    fitted = np.array([np.polyval(np.polyfit(x, of_seed, 1), x[0]) for of_seed in d])
    reach = stats.t.ppf(0.975, 4) * fitted.std(ddof=1) / 5**0.5
    assert (first.low, first.high) == pytest.approx((fitted.mean() - reach, fitted.mean() + reach))


def test_of_patients_the_line_is_over_those_scored_at_every_ratio(store: FolderStore, tmp_path: Path) -> None:
    tiny = filled(store, tmp_path, growing, "compare.trend=grows", cases=True)
    row = reported(tiny, store).comparisons[0].trends[0]
    assert row.claim == "population"
    assert row.line[0].lead - row.line[-1].lead == pytest.approx(3 * (row.per_halving or 0))
    middle = row.line[len(row.line) // 2]
    assert middle.lead == pytest.approx(np.mean([point.lead for point in row.points]))
    assert middle.low is not None
    assert middle.high is not None
    assert row.line[0].high is not None
    assert middle.low < middle.lead < middle.high


def test_a_trend_is_drawn_and_exported(store: FolderStore, tmp_path: Path) -> None:
    tiny = filled(store, tmp_path, growing, "compare.trend=grows")
    report = reported(tiny, store)
    (plot, *_) = trend_plots(report, models(tiny.models))
    assert plot.said.startswith("the lead of gamma_net over unet grows by 0.010 for every halving of the data")
    assert [tick.text for tick in plot.horizontal_ticks()] == ["10%", "20%", "40%", "80%"]
    assert {mark.css.split()[0] for mark in plot.marks} == {"line", "area", "dot"}
    tables = side_tables(report)
    lines = list(csv.DictReader(io.StringIO(tables["trend_lines.csv"])))
    assert [row["train_ratio"] for row in lines if row["kind"] == "mean"][:4] == ["0.1", "0.2", "0.4", "0.8"]
    assert "per_halving" in tables["trends.csv"].splitlines()[0]
    told = json.loads(render(report, "json", Console()))["trends"][0]
    assert len(told["line"]) == sum(row["kind"] == "fitted" and row["metric"] == told["metric"] for row in lines)


def test_nothing_at_every_ratio_has_no_line(store: FolderStore, tmp_path: Path) -> None:
    tiny = parse_experiment(experiment(tmp_path / "data").document.with_overrides([RATIOS]))
    for run in tiny.runs:
        if run.train_ratio < 0.8:
            log_run(store, run, growing)
    report = reported(tiny, store)
    assert report.comparisons[0].trends[0].line == ()
    assert not trend_plots(report, models(tiny.models))
