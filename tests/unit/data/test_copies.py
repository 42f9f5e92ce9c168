"""Copies of patients are left out, and patients are drawn by group, exactly and with a note."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridctl_trainer.contract.errors import DataError
from gridctl_trainer.contract.spec import DatasetSpec, DataSpec, RunSpec
from gridctl_trainer.datasets.quality.copies import shared_images
from gridctl_trainer.datasets.registry import find_sources
from gridctl_trainer.datasets.split import fold_of, split_patients
from gridctl_trainer.preprocessing.prepared import PreparedSet
from gridctl_trainer.preprocessing.reading import prepare_in_memory
from gridctl_trainer.preprocessing.recipe import Recipe
from gridctl_trainer.training.images.sets import RunSets, split_sets

DATA = DataSpec(train=DatasetSpec(dataset="acdc", path="-"), size_px=32)


def as_patient(folder: Path, name: str) -> None:
    """Copy the files of a patient under the name of another one."""
    copy = shutil.copytree(folder, folder.with_name(name))
    for path in sorted(copy.iterdir()):
        path.rename(path.with_name(path.name.replace(folder.name, name)))


def prepared(root: Path) -> PreparedSet:
    return prepare_in_memory(find_sources("acdc", root), Recipe.of("acdc", DATA, 1))


@pytest.fixture(scope="module")
def found(phantom: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, PreparedSet]:
    """`train`: 001, 002, 003 and 008, a copy of 001. `test`: 010, a copy of 002, and 011, a copy of 010."""
    root = tmp_path_factory.mktemp("copies")
    train = Path(shutil.copytree(phantom / "acdc" / "database" / "training", root / "train"))
    (root / "test").mkdir()
    for name in ("patient010", "patient011"):
        as_patient(train / "patient002", name)
        shutil.move(train / name, root / "test" / name)
    as_patient(train / "patient001", "patient008")
    return {"train": prepared(train), "test": prepared(root / "test")}


def run(**data: Any) -> RunSpec:
    given_ = {"train": {"dataset": "acdc", "path": "a"}, "size_px": 32, **data}
    content = {"experiment": "e", "model": "unet", "network": {"architecture": "unet"}, "seed": 1, "train_ratio": 0.5}
    return RunSpec.model_validate({**content, "data": given_, "training": {}})


TEST = {"test": {"dataset": "acdc", "path": "b"}}


def in_parts(sets: RunSets) -> set[str]:
    return {*sets.train.patients, *sets.validation.patients}


def test_the_later_of_two_copies_is_left_out_and_recorded(found: dict[str, PreparedSet]) -> None:
    sets = split_sets(run(), {"train": found["train"]})
    assert in_parts(sets) == {"patient001", "patient002", "patient003"}
    assert sets.record(1, 1).left_out == {"train": {"patient008": "its images are those of patient001"}}
    assert "patient008 (train) is left out: its images are those of patient001" in sets.said_left_out[0]


def test_a_training_patient_who_is_in_the_test_set_leaves_training(found: dict[str, PreparedSet]) -> None:
    sets = split_sets(run(**TEST), found)
    assert in_parts(sets) == {"patient001", "patient003"}
    assert sets.test is not None
    assert set(sets.test.patients) == {"patient010"}
    assert sets.left_out == {
        "test": {"patient011": "its images are those of patient010"},
        "train": {
            "patient002": "its images are those of patient010 (test)",
            "patient008": "its images are those of patient001",
        },
    }


def test_all_stay_where_the_experiment_says_so(found: dict[str, PreparedSet]) -> None:
    sets = split_sets(run(copies="keep", **TEST), found)
    assert in_parts(sets) == set(found["train"].patients)
    assert sets.test is not None
    assert set(sets.test.patients) == {"patient010", "patient011"}
    assert not sets.left_out
    assert sets.series_digest != split_sets(run(**TEST), found).series_digest, "no run goes on with other patients"


@pytest.mark.parametrize(("train", "test"), [("patient001", "patient008"), ("patient008", "patient001")])
def test_of_a_fixed_split_the_one_of_the_test_part_stays(found: dict[str, PreparedSet], train: str, test: str) -> None:
    parts = {"train": [train, "patient002"], "validation": ["patient003"], "test": [test]}
    sets = split_sets(run(split={"parts": [parts]}), {"train": found["train"]})
    assert set(sets.train.patients) == {"patient002"}
    assert sets.test is not None
    assert set(sets.test.patients) == {test}


def test_a_part_of_copies_alone_is_refused(found: dict[str, PreparedSet]) -> None:
    parts = {"train": ["patient008"], "validation": ["patient001"]}
    with pytest.raises(DataError, match="all patients of train are copies of others"):
        split_sets(run(split={"parts": [parts]}), {"train": found["train"]})


def test_few_images_in_common_make_no_copy_and_blank_ones_none() -> None:
    (pair,) = shared_images({"a": ["1", "2", "3", ""], "b": ["1", "4", "5", ""], "c": [""]})
    assert (pair.one, pair.other, pair.images, pair.of) == ("a", "b", 1, 3)
    assert not pair.are_copies
    (copy,) = shared_images({"a": ["1", "2", "3"], "part of it": ["2", "3"]})
    assert copy.are_copies


groups = st.dictionaries(st.integers(1, 999).map("patient{:03d}".format), st.sampled_from("ABC"), min_size=2)


@given(groups, st.floats(0.01, 0.99), st.integers(0, 99))
def test_each_group_has_its_share_to_within_one_patient(strata: dict[str, str], ratio: float, seed: int) -> None:
    split = split_patients(strata, ratio, seed, strata)
    assert len(split.train) == len(split_patients(strata, ratio, seed).train)
    share = len(split.train) / len(strata)
    train = Counter(strata[patient] for patient in split.train)
    for group, members in Counter(strata.values()).items():
        assert abs(train[group] - share * members) <= 1


@given(groups, st.floats(0.01, 0.99), st.floats(0.01, 0.99), st.integers(0, 99))
def test_more_training_patients_are_the_same_and_some_more(
    strata: dict[str, str], one: float, two: float, seed: int
) -> None:
    small, large = (split_patients(strata, ratio, seed, strata) for ratio in sorted((one, two)))
    assert set(small.train) <= set(large.train)


def test_each_fold_has_its_share_of_every_group() -> None:
    strata = {f"p{number:02d}": "ABCDE"[number % 5] for number in range(50)}
    for fold in range(5):
        assert Counter(strata[patient] for patient in fold_of(strata, 5, fold, strata).validation) == dict.fromkeys(
            "ABCDE", 2
        )
    assert fold_of(strata, 5, 0, strata) != fold_of(strata, 5, 0)


def test_patients_are_drawn_by_what_the_data_set_says(found: dict[str, PreparedSet]) -> None:
    by_group = split_sets(run(split={"stratify": "group"}), {"train": found["train"]})
    assert in_parts(by_group) == {"patient001", "patient002", "patient003"}
    with pytest.raises(DataError, match="stratified by vendor, but the data set does not say it for any"):
        split_sets(run(split={"stratify": "vendor"}), {"train": found["train"]})


def test_stratifying_leaves_the_ratio_to_say_who_validates() -> None:
    with pytest.raises(ValueError, match="nobody validates"):
        RunSpec.model_validate({**run(split={"stratify": "group"}).model_dump(mode="json"), "train_ratio": 1})


def test_pictures_are_told_apart(found: dict[str, PreparedSet]) -> None:
    pictures = found["train"].pictures
    assert pictures["patient001"] == pictures["patient008"]
    assert not set(pictures["patient001"]) & set(pictures["patient002"])
    assert np.unique([len(digest) for digests in pictures.values() for digest in digests]).size <= 2
