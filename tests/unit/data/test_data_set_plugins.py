"""Data sets are known only by what they declare: nothing outside their own folders compares names or imports one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from gridctl_trainer.contract.errors import DataError
from gridctl_trainer.contract.spec import DatasetSpec, RunSpec
from gridctl_trainer.datasets.base import CaseFiles, labelled_volume
from gridctl_trainer.datasets.registry import dataset_of, require_version
from gridctl_trainer.plugins.dataset import DATASETS
from gridctl_trainer.plugins.entry_points import PluginError

NAMES = ("acdc", "mnms", "mnms2", "nnunet", "sunnybrook")
OWN = (*(f"datasets/{name}/" for name in NAMES), "datasets/phantom/", "/released/", "former_data_keys.py")
"""Exceptions: the data sets themselves, the writer of synthetic files, and readers of older specifications."""


def sources(root: Path) -> Iterator[Path]:
    for package in ("orchestrator/gridctl", "trainer/gridctl_trainer"):
        for path in sorted((root / package).rglob("*.py")):
            if not any(part in path.as_posix() for part in OWN):
                yield path


def compared_or_imported(tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare | ast.Subscript | ast.MatchValue):
            if any(isinstance(item, ast.Constant) and item.value in NAMES for item in ast.walk(node)):
                yield node.lineno
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(
            tuple(f"gridctl_trainer.datasets.{name}" for name in NAMES)
        ):
            yield node.lineno


def test_no_code_compares_the_name_of_a_data_set_or_imports_one(project_root: Path) -> None:
    found = [
        f"{path.relative_to(project_root)}:{line}"
        for path in sources(project_root)
        for line in compared_or_imported(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert found == []


def test_such_code_would_be_found() -> None:
    for code in ("x == 'acdc'", "y['sunnybrook']", "from gridctl_trainer.datasets.acdc.info import read_info"):
        assert list(compared_or_imported(ast.parse(code))) == [1]


def test_those_that_come_along_are_registered_as_a_strangers_is() -> None:
    assert DATASETS.names()[: len(NAMES)] == list(NAMES)
    assert all(DATASETS.is_built_in(name) for name in NAMES)


def test_an_unknown_one_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(PluginError, match="unknown dataset 'acd'") as raised:
        dataset_of("acd")
    assert "did you mean 'acdc'" in raised.value.problems[0].fix


class NoDataset:
    structures = ("left_ventricle",)


class Silent(NoDataset):
    structures = ()

    def cases(self, root: Path) -> list[CaseFiles]:
        return []

    def read(self, case: CaseFiles, frames: int, notice: object) -> list[object]:
        return []


class Second(Silent):
    structures = ("left_ventricle",)
    version = "2"

    def __init__(self, threshold: float = 0.5) -> None:
        self.threshold = threshold


HERE = "tests.unit.data.test_data_set_plugins"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (f"{HERE}:NoDataset", "is not a data set"),
        (f"{HERE}:Silent", "does not say which structures it labels"),
        (f"{HERE}:Nothing", "cannot be imported"),
        ("nowhere.to.be:Found", "cannot be imported: ModuleNotFoundError"),
    ],
)
def test_what_is_no_data_set_is_said_in_one_message(name: str, said: str) -> None:
    with pytest.raises(PluginError, match=said):
        dataset_of(name)


def test_the_keywords_of_a_bare_class_are_its_options() -> None:
    made = dataset_of(f"{HERE}:Second", {"threshold": 0.25})
    assert getattr(made, "threshold", None) == 0.25


def test_another_version_of_the_data_is_not_read() -> None:
    given = DatasetSpec(dataset=f"{HERE}:Second", path="-")
    with pytest.raises(PluginError, match="declares version '2' here, the specification says ''"):
        require_version(given)
    require_version(given.model_copy(update={"version": "2"}))


def test_the_version_is_another_run_and_the_place_is_not() -> None:
    def run(**changes: str) -> RunSpec:
        train = {"dataset": "acdc", "path": "a", **changes}
        return RunSpec.model_validate(
            {
                "experiment": "e",
                "model": "unet",
                "network": {"architecture": "unet"},
                "train_ratio": 0.5,
                "seed": 1,
                "data": {"train": train},
                "training": {},
            }
        )

    assert run(path="elsewhere").run_id == run().run_id
    assert run(version="2").run_id != run().run_id


def test_labels_without_a_name_and_of_another_size_are_refused(tmp_path: Path) -> None:
    import numpy as np

    images, labels = np.ones((2, 8, 8)), np.zeros((2, 8, 8), np.uint8)
    labels[0, 0, 0] = 9
    place = tmp_path / "labels"
    with pytest.raises(DataError, match=r"holds the labels \[9\]"):
        labelled_volume("p", images, labels, {1: "left_ventricle"}, (1, 1, 1), place, place)
    with pytest.raises(DataError, match="its shape is"):
        labelled_volume("p", images[:1], labels, {9: "left_ventricle"}, (1, 1, 1), place, place)
