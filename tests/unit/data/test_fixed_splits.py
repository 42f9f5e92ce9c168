"""Splits that are the same for every seed, from a file or in folds; the ratio draws from their training patients."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from gridctl_trainer.contract.errors import DataError
from gridctl_trainer.contract.spec import RunSpec, SplitParts
from gridctl_trainer.datasets.split import fixed_split, fold_of, patient_of, split_of

PATIENTS = [f"patient{number:03d}" for number in range(1, 11)]
PARTS = {"train": PATIENTS[:6], "validation": PATIENTS[6:8], "test": PATIENTS[8:]}


def run(
    split: dict[str, Any] | None, ratio: float = 1.0, fold: int | None = None, seed: int = 1, **data: Any
) -> RunSpec:
    return RunSpec.model_validate(
        {
            "experiment": "e",
            "model": "unet",
            "network": {"architecture": "unet"},
            "train_ratio": ratio,
            "fold": fold,
            "seed": seed,
            "data": {"train": {"dataset": "acdc", "path": "a"}, "split": split, **data},
            "training": {},
        }
    )


def test_the_parts_of_a_file_are_the_same_for_every_seed() -> None:
    for seed in (1, 2):
        split = split_of(run({"parts": [PARTS]}, seed=seed), PATIENTS)
        assert split.train == tuple(PARTS["train"])
        assert split.validation == tuple(PARTS["validation"])
        assert split.test == tuple(PARTS["test"])


def test_a_ratio_draws_from_the_training_patients_by_seed_and_leaves_the_others() -> None:
    drawn = [split_of(run({"parts": [PARTS]}, 0.5, seed=seed), PATIENTS) for seed in range(6)]
    assert all(len(split.train) == 3 and set(split.train) <= set(PARTS["train"]) for split in drawn)
    assert {split.validation for split in drawn} == {tuple(PARTS["validation"])}
    assert len({split.train for split in drawn}) > 1
    more = split_of(run({"parts": [PARTS]}, 0.8, seed=3), PATIENTS)
    assert set(drawn[3].train) <= set(more.train), "a smaller share is a part of a larger one"


def test_every_patient_validates_in_one_fold() -> None:
    folds = [fold_of(PATIENTS, 3, fold) for fold in range(3)]
    assert sorted(patient for fold in folds for patient in fold.validation) == PATIENTS
    for fold in folds:
        assert sorted((*fold.train, *fold.validation)) == PATIENTS
        assert len(fold.validation) in (3, 4)
    assert fold_of(reversed(PATIENTS), 3, 1) == folds[1]
    with pytest.raises(DataError, match="10 patients cannot be split into 11 folds"):
        fold_of(PATIENTS, 11, 0)


def test_cases_of_nnu_net_are_patients() -> None:
    cases = {"train": ["patient001_frame01", "patient001_frame12", "patient002_frame01"], "validation": ["patient010"]}
    split = fixed_split(SplitParts.model_validate(cases), set(PATIENTS))
    assert (split.train, split.validation) == (("patient001", "patient002"), ("patient010",))
    assert patient_of("patient0011", PATIENTS) == "", "one that only begins alike is another one"
    assert patient_of("p-1-ED", ["p", "p-1"]) == "p-1"


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        (
            {"train": ["patient001", "nobody"], "validation": ["patient002"]},
            "train names nobody, which the data set does",
        ),
        ({"train": ["patient001_a"], "validation": ["patient001_b"]}, "patient001 is in train and in validation"),
    ],
)
def test_parts_that_do_not_fit_the_data_are_named(parts: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError, match=said):
        fixed_split(SplitParts.model_validate(parts), set(PATIENTS))


@pytest.mark.parametrize(
    ("split", "said"),
    [
        ({"parts": [{"train": ["a", "a"], "validation": ["b"]}]}, "a appears more than once in train"),
        ({"parts": [{"train": ["a"], "validation": ["a"]}]}, "a appears in more than one part"),
        ({"parts": [{"train": [], "validation": ["a"]}]}, "train"),
        ({}, "give file: PATH, or folds: NUMBER"),
        ({"folds": 2, "file": "x"}, "give folds, or file, not both"),
        ({"folds": 1}, "greater than or equal to 2"),
    ],
)
def test_what_is_no_split_is_refused(split: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        run(split, fold=0 if split.get("folds") else None)


def test_a_fold_is_named_by_the_run_and_belongs_to_the_pair() -> None:
    first, second = run({"folds": 2}, fold=0), run({"folds": 2}, fold=1)
    assert "-f0-s1-" in first.run_id
    assert first.pair != second.pair
    assert "-f" not in run({"parts": [PARTS]}).run_id.removeprefix("e-unet-r100-none")[:3]
    for fold, folds in ((None, 2), (2, 2)):
        with pytest.raises(ValidationError, match="there are folds 0 to 1"):
            run({"folds": folds}, fold=fold)
    with pytest.raises(ValidationError, match="nobody validates"):
        run(None)


def test_its_content_decides_and_where_it_lay_does_not() -> None:
    here, there = run({"parts": [PARTS], "file": "here.json"}), run({"parts": [PARTS], "file": "there.json"})
    assert here.run_id == there.run_id
    other = {**PARTS, "train": PATIENTS[:5]}
    assert run({"parts": [other]}).run_id != here.run_id
    assert RunSpec.from_json(here.to_json()) == here


def test_two_test_sets_are_one_too_many() -> None:
    with pytest.raises(ValidationError, match="give one of them"):
        run({"parts": [PARTS]}, test={"dataset": "acdc", "path": "t"})


def test_a_ratio_that_leaves_nobody_is_refused() -> None:
    with pytest.raises(DataError, match="leaves none of 6 training patients"):
        split_of(run({"parts": [PARTS]}, 0.05), PATIENTS)
