"""Reports draw the right conclusions from metric logs."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from scipy import stats

from gridctl.analysis.model import ComparisonRow
from gridctl.collection.collect import collect
from gridctl.errors import InputError
from gridctl.experiment import Experiment
from gridctl.report import Report, ReportRequest, build_report, render
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.folder import FolderStore
from tests.scored import SUNNYBROOK_DICE, VALIDATION_BCE, VALIDATION_DICE
from tests.unit.report.logged import EPOCHS, Dice, dice_of, experiment, log_run

SIGNIFICANCE = ReportRequest(significance=True)


def filled(store: FolderStore, tmp_path: Path, dice: Dice, text: str = "") -> Experiment:
    tiny = experiment(tmp_path / "data", text)
    for run in tiny.runs:
        log_run(store, run, dice)
    return tiny


def reported(tiny: Experiment, store: FolderStore, asked: ReportRequest = SIGNIFICANCE) -> Report:
    return build_report(tiny, collect(store, tiny.runs), asked)


def rows(report: Report) -> list[ComparisonRow]:
    return [row for comparison in report.comparisons for row in comparison.rows]


def values(tiny: Experiment, model: str, ratio: float, dice: Dice, epochs: list[int]) -> list[float]:
    chosen = sorted((r for r in tiny.runs if (r.model, r.train_ratio) == (model, ratio)), key=lambda r: r.seed)
    return [dice(run, epoch) for run in chosen for epoch in epochs]


def test_each_number_is_scipys_on_one_score_a_run(store: FolderStore, tmp_path: Path) -> None:
    dice = dice_of(0.01)
    tiny = filled(store, tmp_path, dice)
    report = reported(tiny, store)
    assert [(row.metric, row.train_ratio) for row in rows(report)] == [
        (metric, ratio) for metric in (VALIDATION_DICE, SUNNYBROOK_DICE) for ratio in (0.2, 0.5)
    ]
    row = rows(report)[0]
    a, b = (np.array(values(tiny, m, 0.2, dice, [EPOCHS])) for m in ("gamma_net", "unet"))
    test = stats.ttest_rel(a, b)
    interval = test.confidence_interval(0.95)
    assert (row.n_pairs, row.degrees_of_freedom, row.dropped, row.family_size) == (5, 4, 0, 2)
    assert row.difference == pytest.approx((a - b).mean(), abs=1e-12)
    assert (row.t, row.p) == (pytest.approx(test.statistic, rel=1e-9), pytest.approx(test.pvalue, rel=1e-9))
    assert (row.ci_low, row.ci_high) == (pytest.approx(interval.low), pytest.approx(interval.high))
    assert (row.model_mean, row.model_sd) == (pytest.approx(a.mean()), pytest.approx(a.std(ddof=1)))
    assert (row.against_mean, row.against_sd) == (pytest.approx(b.mean()), pytest.approx(b.std(ddof=1)))
    p = [r.p for r in rows(report)[:2]]
    assert all(value is not None for value in p)
    assert rows(report)[0].p_holm == pytest.approx(min(1, 2 * min(x for x in p if x is not None)), rel=1e-9)


@pytest.mark.parametrize(("score", "epochs"), [("final", [4]), ("mean", [1, 2, 3, 4]), ("last-2", [3, 4])])
def test_score_of_a_run(score: str, epochs: list[int], store: FolderStore, tmp_path: Path) -> None:
    dice = dice_of(0.02)
    tiny = filled(store, tmp_path, dice)
    row = rows(reported(tiny, store, replace(SIGNIFICANCE, score=score)))[0]
    expected = np.array(values(tiny, "gamma_net", 0.2, dice, epochs)).mean()
    assert row.model_mean == pytest.approx(expected)
    assert row.n_pairs == 5


def test_best_is_chosen_on_validation_dice_for_every_metric(store: FolderStore, tmp_path: Path) -> None:
    tiny = filled(store, tmp_path, lambda _run, epoch: 0.9 if epoch == 2 else 0.1)
    report = reported(
        tiny,
        store,
        ReportRequest(True, score="best", metrics=(VALIDATION_DICE, SUNNYBROOK_DICE)),
    )
    of_gamma = [row for row in report.summaries if row.model == "gamma_net"]
    assert [row.mean for row in of_gamma] == [0.9, 0.9, 0.45, 0.45]
    assert [row.model_mean for row in rows(report)] == [0.45, 0.45]
    assert {row.metric for row in rows(report)} == {SUNNYBROOK_DICE}, "the epoch was selected on validation"


def test_pooled_epochs_are_labelled_and_never_called_better(store: FolderStore, tmp_path: Path) -> None:
    tiny = filled(store, tmp_path, dice_of(0.05))
    report = reported(tiny, store, replace(SIGNIFICANCE, unit="epoch"))
    assert {row.n_pairs for row in rows(report)} == {5 * EPOCHS}
    assert any("not independent" in warning for warning in report.warnings)
    assert all("is better than" not in row.verdict for row in rows(report))
    assert any("is better than" in row.verdict for row in rows(reported(tiny, store)))


def test_a_lower_cross_entropy_is_the_better_one(store: FolderStore, tmp_path: Path) -> None:
    tiny = filled(store, tmp_path, dice_of(0.2))
    row = rows(reported(tiny, store, replace(SIGNIFICANCE, metrics=(VALIDATION_BCE,))))[0]
    assert row.difference is not None
    assert row.difference < 0
    assert row.verdict == "gamma_net is better than unet (these patients; 5 pairs)"


def test_incomplete_pairs_are_left_out_by_name(store: FolderStore, tmp_path: Path) -> None:
    tiny = experiment(tmp_path / "data")
    dice = dice_of(0.01)

    def state(run: RunSpec) -> str:
        if run.model == "unet" and run.train_ratio == 0.2:
            return {1: "missing", 2: "half"}.get(run.seed, "done")
        return "done"

    for run in tiny.runs:
        if state(run) == "half":
            log_run(store, run, dice, epochs=2, finished=False)
        elif state(run) == "done":
            log_run(store, run, dice)
    report = reported(tiny, store)
    (comparison,) = report.comparisons
    assert [(pair.train_ratio, pair.seed, pair.reason) for pair in comparison.dropped] == [
        (0.2, 1, "unet has no epoch yet"),
        (0.2, 2, "unet is at epoch 2 of 4"),
    ]
    assert [(row.n_pairs, row.dropped) for row in comparison.rows[:2]] == [(3, 2), (5, 0)]
    shown = drawn(report)
    assert "2 pairs left out: unet has no epoch yet (ratio 0.2, seed 1); unet is at epoch 2 of 4" in shown
    assert "2 of 20 runs are not finished" in shown


def test_unlike_halves_are_named_and_left_out_when_strict(store: FolderStore, tmp_path: Path) -> None:
    tiny = experiment(tmp_path / "data")
    for run in tiny.runs:
        odd = run.model == "unet" and run.seed == 3 and run.train_ratio == 0.5
        log_run(store, run, dice_of(0.01), device_name="T4" if odd else "A100")
    (comparison,) = reported(tiny, store).comparisons
    assert [(pair.seed, pair.fields) for pair in comparison.unlike] == [(3, ("device_name",))]
    assert "the device (A100, T4)" in comparison.unlike[0].said
    assert [row.n_pairs for row in comparison.rows[:2]] == [5, 5]
    (strict,) = reported(tiny, store, replace(SIGNIFICANCE, strict_pairs=True)).comparisons
    assert [row.n_pairs for row in strict.rows[:2]] == [5, 4]
    assert "unlike in the device" in strict.dropped[0].reason


@pytest.mark.parametrize(
    ("dice", "said"),
    [
        (lambda run, epoch: 0.5, "exactly the same"),
        (lambda run, epoch: 0.75 if run.model == "unet" else 0.5, "no spread"),
    ],
)
def test_scores_without_spread_have_no_p_and_say_so(dice: Dice, said: str, store: FolderStore, tmp_path: Path) -> None:
    tiny = filled(store, tmp_path, dice)
    for row in rows(reported(tiny, store)):
        assert row.p is row.p_holm is row.t is row.hedges_g_z is None
        assert said in row.verdict
    json.loads(render(reported(tiny, store), "json", Console()))


def test_nothing_finished_is_a_warning_and_no_traceback(store: FolderStore, tmp_path: Path) -> None:
    report = reported(experiment(tmp_path / "data"), store)
    assert {row.verdict for row in rows(report)} == {"no answer yet: 5 of 5 pairs are not complete"}
    assert any("no run is finished yet" in warning for warning in report.warnings)
    for output_format in ("markdown", "csv", "json"):
        assert render(report, output_format, Console())


def test_one_seed_is_no_test(store: FolderStore, tmp_path: Path) -> None:
    tiny = experiment(tmp_path / "data")
    one = replace(tiny, runs=tuple(run for run in tiny.runs if run.seed == 1), seeds=(1,))
    for run in one.runs:
        log_run(store, run, dice_of(0.1))
    report = reported(one, store)
    assert {row.verdict for row in rows(report)} == {"one pair is not enough for a test; add seeds"}
    assert {row.ci_low for row in rows(report)} == {None}


def test_no_second_data_set_no_generalisation(store: FolderStore, tmp_path: Path) -> None:
    tiny = experiment(tmp_path / "data")
    document = tiny.document.with_overrides(["data.external.sunnybrook=null"])
    from gridctl.experiment import parse_experiment

    alone = parse_experiment(document)
    for run in alone.runs:
        log_run(store, run, dice_of(0.1))
    report = reported(alone, store)
    assert {row.metric for row in rows(report)} == {VALIDATION_DICE}
    assert {row.metric for row in report.summaries} == {VALIDATION_DICE}
    with pytest.raises(InputError, match="there is no set 'sunnybrook' to score"):
        reported(alone, store, replace(SIGNIFICANCE, metrics=(SUNNYBROOK_DICE,)))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (ReportRequest(metrics=("validation_dcie",)), "unknown metric 'validation_dcie'"),
        (ReportRequest(score="last"), "unknown score 'last'"),
    ],
)
def test_a_question_that_cannot_be_answered(
    asked: ReportRequest, said: str, store: FolderStore, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=said):
        reported(experiment(tmp_path / "data"), store, asked)


def test_significance_of_nothing_compared_says_what_to_add(store: FolderStore, tmp_path: Path) -> None:
    tiny = replace(experiment(tmp_path / "data"), compare=())
    with pytest.raises(InputError, match="compares nothing") as raised:
        reported(tiny, store)
    assert "compare: {model: A, against: B}" in raised.value.problems[0].fix
    assert reported(tiny, store, ReportRequest()).summaries, "without --significance there is a summary"


def test_ablations_are_rows_of_their_own_and_of_one_family(store: FolderStore, tmp_path: Path) -> None:
    tiny = filled(store, tmp_path, dice_of(0.02), "ablations: [none, no_clahe]\n")
    report = reported(tiny, store)
    first = rows(report)[:4]
    assert [(row.train_ratio, row.ablation) for row in first] == [
        (0.2, "none"),
        (0.2, "no_clahe"),
        (0.5, "none"),
        (0.5, "no_clahe"),
    ]
    assert {row.family_size for row in first} == {4}
    assert "no_clahe" in drawn(report)


def drawn(report: Report, width: int = 200) -> str:
    console = Console(file=io.StringIO(), width=width)
    render(report, "table", console)
    file = console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue()


def test_every_format_says_the_same(store: FolderStore, tmp_path: Path) -> None:
    tiny = filled(store, tmp_path, dice_of(0.02))
    report = reported(tiny, store)
    from_csv = list(csv.DictReader(io.StringIO(render(report, "csv", Console()))))
    from_json = json.loads(render(report, "json", Console()))
    assert [float(row["p_holm"]) for row in from_csv] == [row["p_holm"] for row in from_json["comparisons"]]
    assert [row["verdict"] for row in from_csv] == [row.verdict for row in rows(report)]
    markdown, table = render(report, "markdown", Console()), drawn(report)
    for row in rows(report):
        assert f"{row.model_mean:.3f}" in markdown
        assert f"{row.model_mean:.3f}" in table
        assert row.verdict in table
        assert row.verdict.replace("_", "\\_") in markdown


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_narrow_terminal_loses_no_digit(width: int, store: FolderStore, tmp_path: Path) -> None:
    report = reported(filled(store, tmp_path, dice_of(0.02)), store)
    shown = drawn(report, width)
    assert "…" not in shown
    assert max(len(line) for line in shown.splitlines()) <= width
    for row in rows(report):
        assert f"{row.model_mean:.3f}".lstrip("0") in shown


def test_the_same_logs_give_the_same_report(store: FolderStore, tmp_path: Path) -> None:
    tiny = filled(store, tmp_path, dice_of(0.02))
    assert render(reported(tiny, store), "json", Console()) == render(reported(tiny, store), "json", Console())


def test_folds_share_patients_and_that_is_said(store: FolderStore, tmp_path: Path) -> None:
    tiny = filled(store, tmp_path, dice_of(0.01))
    assert not any("pairs of different folds" in warning for warning in reported(tiny, store).warnings)
    folded = replace(tiny, folds=(0, 1))
    assert any("pairs of different folds" in warning for warning in reported(folded, store).warnings)
