"""Comparisons by scores of cases: hard Dice of whole volumes by default, over the patients that both runs have."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from gridctl.analysis.model import ComparisonRow
from gridctl.collection.collect import collect
from gridctl.errors import InputError
from gridctl.experiment import Experiment, parse_experiment
from gridctl.report import Question, Report, build_report
from gridctl.report.renderers.csv_and_json import as_csv, as_json
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.folder import FolderStore
from tests.scored import SUNNYBROOK_DICE, VALIDATION_DICE
from tests.unit.report.logged import dice_of, experiment, log_run
from tests.unit.report.scored_cases import (
    PATIENTS,
    SUNNYBROOK_CASE_DICE,
    VALIDATION_CASE_DICE,
    CaseDice,
    case_dice_of,
    log_cases,
)

SCORED = "metrics: [dice, soft_dice, bce]"
TESTS = Question(significance=True)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


def asked(tmp_path: Path, *overrides: str) -> Experiment:
    return parse_experiment(experiment(tmp_path / "data", SCORED).document.with_overrides(list(overrides)))


def filled(store: FolderStore, tmp_path: Path, dice: CaseDice | None, *overrides: str) -> Experiment:
    tiny = asked(tmp_path, *overrides)
    for run in tiny.runs:
        log_run(store, run, dice_of(-0.1))  # soft Dice says the opposite
        if dice is not None:
            log_cases(store, run, dice)
    return tiny


def reported(tiny: Experiment, store: FolderStore, question: Question = TESTS) -> Report:
    return build_report(tiny, collect(store, tiny.runs, cases=True), question)


def rows(report: Report) -> list[ComparisonRow]:
    return [row for comparison in report.comparisons for row in comparison.rows]


def mean(run: RunSpec, dice: CaseDice, patients: tuple[str, ...] = PATIENTS) -> float:
    values = [[dice(run, "validation", patient, time) for time in ("ED", "ES")] for patient in patients]
    return float(np.mean(values))


def test_hard_dice_of_cases_is_compared_by_default(store: FolderStore, tmp_path: Path) -> None:
    dice = case_dice_of(0.02)
    tiny = filled(store, tmp_path, dice)
    report = reported(tiny, store)
    assert list(dict.fromkeys(row.metric for row in rows(report))) == [VALIDATION_CASE_DICE, SUNNYBROOK_CASE_DICE]
    row = rows(report)[0]
    halves = [
        [mean(run, dice) for run in tiny.runs if (run.model, run.train_ratio) == (model, 0.2)]
        for model in ("gamma_net", "unet")
    ]
    assert row.difference == pytest.approx(np.mean(halves[0]) - np.mean(halves[1]), abs=1e-12)
    assert row.p == pytest.approx(stats.ttest_rel(*halves).pvalue, rel=1e-9)
    assert (row.n_pairs, row.patients, row.patients_left_out) == (5, len(PATIENTS), 0)
    assert "gamma_net is better than unet" in row.verdict


def test_who_is_left_out_is_left_out_of_both_models_and_counted(store: FolderStore, tmp_path: Path) -> None:
    whole = case_dice_of(0.02)

    def dice(run: RunSpec, set_name: str, patient: str, time_point: str) -> float | None:
        lost = (run.model, run.seed, patient, time_point) == ("unet", 1, PATIENTS[0], "ES")
        return None if lost else whole(run, set_name, patient, time_point)

    tiny = filled(store, tmp_path, dice)
    report = reported(tiny, store)
    row = rows(report)[0]
    assert (row.patients, row.patients_left_out, row.left_out_because) == (len(PATIENTS), 1, "both empty (1)")
    (pair,) = (p for p in report.comparisons[0].pairs if (p.metric, p.train_ratio, p.seed) == (row.metric, 0.2, 1))
    assert (pair.patients, pair.patients_left_out) == (len(PATIENTS) - 1, 1)
    halves = {run.model: mean(run, whole, PATIENTS[1:]) for run in tiny.runs if (run.train_ratio, run.seed) == (0.2, 1)}
    assert pair.model_score == pytest.approx(halves["gamma_net"], abs=1e-12), "the mean is over the same patients"
    assert pair.against_score == pytest.approx(halves["unet"], abs=1e-12)


def test_the_best_epoch_has_cases_of_its_own(store: FolderStore, tmp_path: Path) -> None:
    tiny = filled(store, tmp_path, case_dice_of(0.02))
    final = rows(reported(tiny, store))[0]
    best = rows(reported(tiny, store, Question(significance=True, score="best")))[0]
    assert best.metric == final.metric
    assert best.model_mean == pytest.approx((final.model_mean or 0) + 0.01)


def test_runs_of_before_are_compared_by_slices_and_it_is_said(store: FolderStore, tmp_path: Path) -> None:
    report = reported(filled(store, tmp_path, None), store)
    assert list(dict.fromkeys(row.metric for row in rows(report))) == [VALIDATION_DICE, SUNNYBROOK_DICE]
    assert any("soft Dice of slices is compared instead of Dice of whole volumes" in line for line in report.warnings)


def test_scores_that_are_means_over_epochs_take_slices_and_say_so(store: FolderStore, tmp_path: Path) -> None:
    tiny = filled(store, tmp_path, case_dice_of(0.02))
    report = reported(tiny, store, Question(significance=True, score="mean"))
    assert rows(report)[0].metric == VALIDATION_DICE
    assert any("at the final and the best epoch alone" in line for line in report.warnings)


def test_what_the_file_names_is_never_replaced(store: FolderStore, tmp_path: Path) -> None:
    tiny = filled(store, tmp_path, None, "compare.metrics=[validation.dice]")
    report = reported(tiny, store)
    assert {row.metric for row in rows(report)} == {VALIDATION_CASE_DICE}
    assert all(row.n_pairs == 0 for row in rows(report))
    assert any("has no patient with a validation Dice" in pair.reason for pair in report.comparisons[0].dropped)


def test_a_score_of_cases_can_be_asked_for_by_name(store: FolderStore, tmp_path: Path) -> None:
    tiny = filled(store, tmp_path, case_dice_of(0.02))
    report = reported(tiny, store, Question(significance=True, metrics=["validation.hd95"]))
    assert {row.metric for row in rows(report)} == {"validation.hd95.left_ventricle"}
    assert not rows(report)[0].higher_is_better
    assert "gamma_net is better than unet" in rows(report)[0].verdict


def test_the_file_cannot_compare_cases_by_a_mean_over_epochs(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="scored at the final and the best epoch alone"):
        asked(tmp_path, "compare.metrics=[validation.dice]", "compare.score=mean")


def test_json_and_csv_say_how_many_patients(store: FolderStore, tmp_path: Path) -> None:
    report = reported(filled(store, tmp_path, case_dice_of(0.02)), store)
    first = json.loads(as_json(report))["comparisons"][0]
    assert (first["metric"], first["patients"], first["patients_left_out"]) == (VALIDATION_CASE_DICE, 6, 0)
    row = next(csv.DictReader(io.StringIO(as_csv(report))))
    assert (row["metric"], row["patients"], row["patients_left_out"]) == (VALIDATION_CASE_DICE, "6", "0")
