"""The first sentences of a report claim no more than was tested."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from gridctl.collection.collect import collect
from gridctl.experiment import Experiment
from gridctl.report import Report, ReportRequest, build_report, render
from gridctl.report.headline import headlines
from gridctl.report.scope import Scope
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.folder import FolderStore
from tests.scored import SUNNYBROOK_DICE, VALIDATION_BCE, VALIDATION_DICE
from tests.unit.report.logged import Dice, dice_of, experiment, log_run

SCOPE = Scope("validation soft Dice", "acdc", "acdc")
ASKED = ReportRequest(significance=True)


def reported(store: FolderStore, tiny: Experiment, dice: Dice, finished: int | None = None) -> Report:
    for run in tiny.runs[:finished]:
        log_run(store, run, dice)
    return build_report(tiny, collect(store, tiny.runs), ASKED)


def with_seeds(tiny: Experiment, number: int) -> Experiment:
    seeds = tiny.seeds[:number]
    return replace(tiny, runs=tuple(run for run in tiny.runs if run.seed in seeds), seeds=seeds)


def jitter(run: RunSpec, epoch: int) -> float:
    return float(np.random.default_rng([run.seed, epoch, round(100 * run.train_ratio)]).normal(0, 0.001))


def exact(run: RunSpec, epoch: int) -> float:
    return 0.75 if run.model == "unet" else 0.5


def test_nothing_tested_is_no_finding(store: FolderStore, tmp_path: Path) -> None:
    tiny = with_seeds(experiment(tmp_path / "data"), 1)
    for line in reported(store, tiny, dice_of(0.1)).headlines:
        assert "nothing could be tested: one pair is not enough" in line
        assert "significant" not in line


def test_pairs_without_spread_are_no_finding(store: FolderStore, tmp_path: Path) -> None:
    for line in reported(store, experiment(tmp_path / "data"), exact).headlines:
        assert "nothing could be tested: all 5 pairs differ by exactly the same" in line


@pytest.mark.parametrize("finished", [1, 4, 9, 19])
def test_an_unfinished_grid_has_no_answer_yet(finished: int, store: FolderStore, tmp_path: Path) -> None:
    """No format says that something is significant, or that nothing is."""
    tiny = experiment(tmp_path / "data")
    report = reported(store, tiny, lambda run, epoch: 0.7 + jitter(run, epoch), finished=finished)
    for line in report.headlines:
        assert f"no answer yet, {20 - finished} of 20 runs" in line
    for row in (row for part in report.comparisons for row in part.rows if row.unfinished):
        assert row.verdict.startswith(f"no answer yet: {row.unfinished} of 5 pairs ")
    for output_format in ("table", "markdown", "latex", "json"):
        console = Console(file=io.StringIO(), width=400)
        shown = render(report, output_format, console) or console.file.getvalue()  # type: ignore[attr-defined]
        assert "no answer yet" in shown
        assert "significant" not in shown
        assert "chance" not in shown


def test_what_is_sure_before_the_grid_is_done_is_said_as_such(store: FolderStore, tmp_path: Path) -> None:
    """The first ten runs all have ratio 0.2, but the family has two tests from the beginning."""
    report = reported(store, experiment(tmp_path / "data"), dice_of(0.05), finished=10)
    assert report.headlines[0].startswith(
        "validation soft Dice, left ventricle (mean over slices): so far (10 of 20 runs are not finished) gamma_net is "
        "better"
    )
    assert {row.family_size for part in report.comparisons for row in part.rows} == {2}


def test_two_of_five_pairs_are_no_finding_however_clear(store: FolderStore, tmp_path: Path) -> None:
    report = reported(store, experiment(tmp_path / "data"), dice_of(0.2), finished=8)
    row = report.comparisons[0].rows[0]
    assert (row.n_pairs, row.unfinished) == (4, 1)
    assert row.p is not None
    assert row.p < 0.001
    assert "better" not in row.verdict
    assert "no answer yet" in report.headlines[0]


def test_two_pairs_make_nothing_better(store: FolderStore, tmp_path: Path) -> None:
    tiny = with_seeds(experiment(tmp_path / "data"), 2)
    report = reported(store, tiny, lambda run, epoch: exact(run, epoch) + jitter(run, epoch) * (run.model == "unet"))
    rows = [row for part in report.comparisons for row in part.rows]
    assert any(row.p_holm is not None and row.p_holm <= 0.05 for row in rows)
    for row in rows:
        assert "is better" not in row.verdict
    assert not any("is better" in line for line in report.headlines)


def test_a_finding_has_size_interval_and_pairs(store: FolderStore, tmp_path: Path) -> None:
    (line, _) = reported(store, experiment(tmp_path / "data"), dice_of(0.05)).headlines
    assert "gamma_net is better than unet at ratio 0.2 (+0.044, 95% CI [0.039, 0.049], n = 5 pairs)" in line


def test_one_comparison_allows_no_verdict_and_two_allow_none(store: FolderStore, tmp_path: Path) -> None:
    report = reported(store, experiment(tmp_path / "data"), dice_of(0.05))
    found = next(row for part in report.comparisons for row in part.rows)
    open_row = replace(found, train_ratio=0.5, p_holm=0.4)
    (line,) = headlines([found, open_row], "run", SCOPE)
    assert "; 1 of 2 comparisons allows no verdict" in line
    (line,) = headlines([found, open_row, replace(open_row, train_ratio=0.7)], "run", SCOPE)
    assert "; 2 of 3 comparisons allow no verdict" in line


def test_a_difference_that_prints_as_zero_puts_no_model_ahead(store: FolderStore, tmp_path: Path) -> None:
    report = reported(
        store,
        experiment(tmp_path / "data"),
        lambda run, epoch: 0.7 + jitter(run, epoch) * (-1) ** run.seed * (run.model == "unet") / 10,
    )
    for row in (row for part in report.comparisons for row in part.rows):
        assert row.verdict.removesuffix(" (these patients; 5 pairs)") == "no difference seen"


@pytest.mark.parametrize("unit", ["run", "epoch"])
@pytest.mark.parametrize("lead", [4e-4, 4e-5])
def test_a_sure_difference_that_prints_as_zero_is_none(
    lead: float, unit: str, store: FolderStore, tmp_path: Path
) -> None:
    tiny = experiment(tmp_path / "data")
    reported(store, tiny, lambda run, epoch: 0.7 + lead * (run.model == "unet") * (1 + run.seed / 100))
    report = build_report(tiny, collect(store, tiny.runs), replace(ASKED, unit=unit))
    for row in (row for part in report.comparisons for row in part.rows):
        assert row.p is not None
        assert row.p < 0.001
        assert row.verdict.removesuffix(" (these patients; 5 pairs)") == "no difference seen"
    assert not any("better" in line for line in report.headlines)


def test_a_model_that_never_learned_is_named_first(store: FolderStore, tmp_path: Path) -> None:
    report = reported(
        store,
        experiment(tmp_path / "data"),
        lambda run, epoch: 0.001 if run.model == "unet" else 0.7 + jitter(run, epoch),
    )
    said = "unet never learned (validation soft Dice never above 0.001 in any epoch of all 10 finished runs)"
    assert report.headlines[0].startswith(said)
    for row in (row for part in report.comparisons for row in part.rows):
        said = (
            "gamma_net is better than unet (these patients; 5 pairs); but unet never learned here, so it means nothing"
        )
        assert row.verdict == said


def test_a_model_that_never_learned_on_little_data_alone_is_named_there(store: FolderStore, tmp_path: Path) -> None:
    def dice(run: RunSpec, epoch: int) -> float:
        return 0.001 if (run.model, run.train_ratio) == ("unet", 0.2) else 0.7 + jitter(run, epoch)

    report = reported(store, experiment(tmp_path / "data"), dice)
    little, more = report.comparisons[0].rows[:2]
    assert little.verdict.endswith("but unet never learned here, so it means nothing")
    assert "never learned" not in more.verdict


def test_finished_runs_of_another_grid_are_said_to_be_left_out(store: FolderStore, tmp_path: Path) -> None:
    tiny = experiment(tmp_path / "data")
    reported(store, tiny, dice_of(0.05))
    fewer = with_seeds(tiny, 3)
    (*_, said) = build_report(fewer, collect(store, fewer.runs), ASKED).warnings
    assert said.startswith("8 finished runs of the store are not in this experiment's grid, and left out (tiny-")
    (*_, said) = build_report(fewer, collect(store, fewer.runs), ASKED, outside="seeds 4, 5 are not in it").warnings
    assert "left out (seeds 4, 5 are not in it): `gridctl submit FILE` with the earlier values" in said


def test_a_score_and_metrics_that_stand_in_no_file_are_said(store: FolderStore, tmp_path: Path) -> None:
    tiny = experiment(tmp_path / "data")
    reported(store, tiny, dice_of(0.05))
    asked = replace(ASKED, score="mean", metrics=(VALIDATION_BCE,))
    assert build_report(tiny, collect(store, tiny.runs), asked).warnings == [
        "score mean is asked for here; the experiment declares final",
        f"{VALIDATION_BCE} is asked for here; the experiment declares {VALIDATION_DICE}, {SUNNYBROOK_DICE}",
    ]


def test_one_failed_start_is_named(store: FolderStore, tmp_path: Path) -> None:
    report = reported(
        store,
        experiment(tmp_path / "data"),
        lambda run, epoch: 0.0 if (run.model, run.seed) == ("unet", 3) else 0.7 + jitter(run, epoch),
    )
    assert report.headlines[0].startswith("unet did not learn in 2 of 10 finished runs")


def test_two_pairs_are_too_few_and_not_no_difference(store: FolderStore, tmp_path: Path) -> None:
    tiny = with_seeds(experiment(tmp_path / "data"), 2)
    lines = reported(store, tiny, lambda run, epoch: dice_of(0.1)(run, epoch) + jitter(run, epoch) / 100).headlines
    assert lines
    for line in lines:
        assert "2 pairs are too few to call a difference significant: difference" in line
        assert "no difference" not in line
