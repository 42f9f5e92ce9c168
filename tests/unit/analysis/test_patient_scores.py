"""A run's score of cases is the mean over patients of the mean over time points; incomplete patients are left out."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest

from gridctl.analysis.scorecards.patient_scores import PatientScores, patient_scores
from gridctl.collection.collect import Collected, collect
from gridctl.experiment.scores.measures import Measure
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.folder import FolderStore
from tests.unit.report.logged import dice_of, experiment, log_run
from tests.unit.report.scored_cases import PATIENTS, VALIDATION_CASE_DICE, CaseDice, case_dice_of, log_cases

FIRST, SECOND, THIRD = PATIENTS[:3]


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def collected(tmp_path: Path, dice: CaseDice) -> tuple[Collected, RunSpec, RunSpec]:
    store = FolderStore(tmp_path / "store")
    pair = experiment(tmp_path / "data").runs[:2]
    for run in pair:
        log_run(store, run, dice_of(0))
        log_cases(store, run, dice)
    found = collect(store, pair, cases=True)
    return found, pair[0], pair[1]


def measure_of(found: Collected) -> Measure:
    return found.measures[VALIDATION_CASE_DICE]


def test_time_points_are_averaged_within_the_patient(tmp_path: Path) -> None:
    dice = case_dice_of(0.02)
    found, run, _ = collected(tmp_path, dice)
    table = patient_scores(found.cases, measure_of(found))
    assert len(table) == 2 * len(PATIENTS)
    expected = [(dice(run, "validation", p, "ED") + dice(run, "validation", p, "ES")) / 2 for p in PATIENTS]  # type: ignore[operator]
    assert list(table.loc[run.run_id, "value"]) == pytest.approx(expected)
    assert set(table["time_points"]) == {2}
    assert set(table["reason"]) == {""}
    best = patient_scores(found.cases, measure_of(found), "best")
    assert list(best.loc[run.run_id, "value"]) == pytest.approx([value + 0.01 for value in expected])


def test_who_has_an_undefined_time_point_is_left_out_with_the_reason(tmp_path: Path) -> None:
    whole = case_dice_of(0)

    def dice(run: RunSpec, set_name: str, patient: str, time_point: str) -> float | None:
        lost = (run.model, patient, time_point) == ("unet", SECOND, "ES")
        return None if lost else whole(run, set_name, patient, time_point)

    found, unet, gamma = collected(tmp_path, dice)
    assert (unet.model, gamma.model) == ("unet", "gamma_net")
    table = patient_scores(found.cases, measure_of(found))
    assert math.isnan(table.loc[(unet.run_id, SECOND), "value"])
    assert table.loc[(unet.run_id, SECOND), "reason"] == "both empty"
    assert not math.isnan(table.loc[(gamma.run_id, SECOND), "value"])
    pair = PatientScores.of(found.cases, measure_of(found), "final").pair(gamma.run_id, unet.run_id)
    assert pair.patients == [patient for patient in PATIENTS if patient != SECOND], "left out of both"
    assert pair.left_out == {SECOND: "both empty"}
    assert len(pair.model) == len(pair.against) == len(PATIENTS) - 1


def test_who_lacks_a_time_point_that_others_have_is_left_out(tmp_path: Path) -> None:
    found, run, _ = collected(tmp_path, case_dice_of(0))
    cases = found.cases
    lost = (cases["patient"] == THIRD) & (cases["time_point"] == "ED") & (cases["run_id"] == run.run_id)
    table = patient_scores(cases[~lost], measure_of(found))
    assert table.loc[(run.run_id, THIRD), "reason"] == "no ED"
    assert table.loc[(run.run_id, THIRD), "time_points"] == 1
    assert math.isnan(table.loc[(run.run_id, THIRD), "value"])
    assert int(table["value"].isna().sum()) == 1


def test_a_patient_in_the_set_of_one_run_alone_is_no_row_of_the_other(tmp_path: Path) -> None:
    found, unet, gamma = collected(tmp_path, case_dice_of(0))
    cases = found.cases
    gone = cases[~((cases["patient"] == FIRST) & (cases["run_id"] == unet.run_id))]
    table = patient_scores(gone, measure_of(found))
    assert (unet.run_id, FIRST) not in table.index
    assert pd.isna(table["value"].unstack().loc[unet.run_id, FIRST])
    pair = PatientScores.of(gone, measure_of(found), "final").pair(gamma.run_id, unet.run_id)
    assert pair.left_out == {FIRST: "scored for one model only"}


def test_no_cases_are_no_rows(tmp_path: Path) -> None:
    found, run, _ = collected(tmp_path, case_dice_of(0))
    assert patient_scores(found.cases[:0], measure_of(found)).empty
    assert PatientScores.of(found.cases[:0], measure_of(found), "final").mean(run.run_id) is None
