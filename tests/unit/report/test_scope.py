"""Headlines name the structure, the time points and the cohort of the score that they are about."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from gridctl.collection.scorecards.cases import CASE_COLUMNS
from gridctl.experiment import Experiment, parse_experiment
from gridctl.report.scope import Scope, cohort_name, key_of_time_points, scope_of, spelled
from gridctl_trainer.contract.spec import DatasetSpec
from tests.unit.report.logged import experiment

METRICS = "metrics: [dice, soft_dice, bce]"


def cases(set_name: str, *time_points: str) -> pd.DataFrame:
    rows = [{"set": set_name, "metric": "dice", "time_point": name} for name in time_points]
    return pd.DataFrame(rows, columns=list(CASE_COLUMNS)).astype({"time_point": "category", "set": "category"})


def made(folder: Path, *overrides: str) -> Experiment:
    return parse_experiment(experiment(folder / "data", METRICS).document.with_overrides(overrides))


def scope(tiny: Experiment, name: str, *time_points: str) -> Scope:
    return scope_of(tiny.measures[name], tiny, cases(name.partition(".")[0], *time_points))


@pytest.mark.parametrize(
    ("time_points", "said"),
    [
        (("ED", "ES"), " (end-diastole and end-systole averaged)"),
        (("ES", "ED", "ED"), " (end-diastole and end-systole averaged)"),
        (("ED",), " (end-diastole)"),
        (("01", "02", "03"), " (01, 02 and 03 averaged)"),
        (("",), ""),
        ((), ""),
    ],
)
def test_a_score_of_cases_names_its_structure_and_the_time_points_that_were_scored(
    time_points: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    found = scope(made(tmp_path), "validation.dice.left_ventricle", *time_points)
    assert found.label == f"validation Dice, left ventricle{said}"


def test_a_score_of_slices_is_a_mean_over_slices(tmp_path: Path) -> None:
    found = scope(made(tmp_path), "validation.soft_dice.left_ventricle", "ED", "ES")
    assert found.label == "validation soft Dice, left ventricle (mean over slices)"


def test_a_structure_is_named_once(tmp_path: Path) -> None:
    two = made(tmp_path, "data.target=[left_ventricle, myocardium]")
    assert scope(two, "validation.dice.myocardium", "ED").label == "validation Dice, myocardium (end-diastole)"


def test_validation_scores_the_cohort_that_is_trained_on_and_external_sets_their_own(tmp_path: Path) -> None:
    tiny = made(tmp_path)
    inside = scope(tiny, "validation.dice.left_ventricle")
    assert (inside.trained_on, inside.scored) == ("acdc", "acdc")
    outside = scope(tiny, "sunnybrook.dice.left_ventricle")
    assert (outside.trained_on, outside.scored) == ("acdc", "sunnybrook")
    assert outside.population.startswith("new patients like those of sunnybrook, for models trained on subsets of acdc")
    assert inside.cohort(30).startswith("these 30 patients of acdc, over splits")
    assert inside.cohort().startswith("these patients of acdc, over splits")


@pytest.mark.parametrize(
    ("dataset", "path", "said"),
    [
        ("acdc", "/data/training", "acdc"),
        ("nnunet", "/data/Dataset027_ACDC/", "Dataset027_ACDC"),
        ("nnunet", "s3://bucket/raw/Dataset027_ACDC", "Dataset027_ACDC"),
        ("mylab.hearts:Hearts", "/data/all", "Hearts"),
        ("not_installed", "/data/all", "not_installed"),
    ],
)
def test_a_cohort_has_the_name_of_its_data_set_or_of_its_folder(dataset: str, path: str, said: str) -> None:
    assert cohort_name(DatasetSpec(dataset=dataset, path=path)) == said


def test_time_points_of_the_heart_are_spelled_out_and_others_are_not() -> None:
    assert (spelled("ED"), spelled("ES"), spelled("01")) == ("end-diastole", "end-systole", "01")
    assert key_of_time_points(["ES", "ED", "ES", "01"]) == "ES: end-systole, ED: end-diastole"
    assert key_of_time_points(["", "DCM"]) == ""
