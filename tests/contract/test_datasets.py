"""The built-in data sets and the example keep the promises of every data set, with synthetic and real files."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import ClassVar

import pytest

from gridctl_trainer.datasets.phantom.dataset import PhantomOptions, write_phantom
from gridctl_trainer.testing.datasets import DatasetContract
from tests.published_layouts import write_mnms, write_mnms2, write_nnunet

REAL = os.environ.get("GRIDCTL_TEST_DATA")
EXAMPLE = Path(__file__).parents[2] / "examples" / "own_dataset"


@pytest.fixture(scope="module")
def phantom(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "phantom"
    write_phantom(folder, PhantomOptions(patients=3, generalisation_patients=2, slices=2, series=True))
    return folder


@pytest.fixture(scope="module")
def published(phantom: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("published")
    write_mnms(root / "OpenDataset", phantom)
    write_mnms2(root / "MnM2", phantom)
    write_nnunet(root / "Dataset027_ACDC", phantom)
    return root


class TestAcdc(DatasetContract):
    dataset = "acdc"

    @pytest.fixture
    def root(self, phantom: Path) -> Path:
        return phantom / "acdc"


class TestSunnybrook(DatasetContract):
    dataset = "sunnybrook"

    @pytest.fixture
    def root(self, phantom: Path) -> Path:
        return phantom / "sunnybrook"


class TestMnms(DatasetContract):
    dataset = "mnms"

    @pytest.fixture
    def root(self, published: Path) -> Path:
        return published / "OpenDataset"


class TestMnms2(DatasetContract):
    dataset = "mnms2"

    @pytest.fixture
    def root(self, published: Path) -> Path:
        return published / "MnM2"


class TestNnunet(DatasetContract):
    dataset = "nnunet"
    options: ClassVar = {"pattern": r"(?P<patient>patient\d+)_frame(?P<time_point>\d+)"}

    @pytest.fixture
    def root(self, published: Path) -> Path:
        return published / "Dataset027_ACDC"


@pytest.mark.skipif(REAL is None, reason="no real data: set GRIDCTL_TEST_DATA")
class TestRealAcdc(DatasetContract):
    dataset = "acdc"

    @pytest.fixture
    def root(self) -> Path:
        return Path(REAL or "") / "acdc"


@pytest.mark.skipif(REAL is None, reason="no real data: set GRIDCTL_TEST_DATA")
class TestRealSunnybrook(DatasetContract):
    dataset = "sunnybrook"

    @pytest.fixture
    def root(self) -> Path:
        return Path(REAL or "") / "sunnybrook"


class TestOwn(DatasetContract):
    """The data set is named by its path, without being installed."""

    dataset = "own_dataset.hearts:NpzHearts"

    @pytest.fixture(autouse=True)
    def importable(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "path", [*sys.path, str(EXAMPLE / "src"), str(EXAMPLE / "tests")])

    @pytest.fixture
    def root(self, tmp_path: Path) -> Path:
        from test_contract import write_hearts

        return write_hearts(tmp_path / "hearts")
