"""The location of a specification determines its store."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace

import pytest

from gridctl_trainer.contract.errors import SpecError, StoreError
from gridctl_trainer.contract.layout import RunLayout
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.folder import FolderStore
from gridctl_trainer.training.spec_source import read_spec

SPEC = RunSpec.model_validate(
    {
        "experiment": "demo",
        "model": "unet",
        "network": {"architecture": "unet"},
        "train_ratio": 0.5,
        "seed": 1,
        "data": {"train": {"dataset": "acdc", "path": "a"}},
        "training": {},
    }
)
KEY = RunLayout(SPEC.experiment, SPEC.run_id).spec


def test_its_store_is_the_one_it_lies_in(tmp_path: Path) -> None:
    FolderStore(tmp_path).put(KEY, SPEC.to_json())
    for location in (f"{tmp_path}/{KEY}", f"file://{tmp_path}/{KEY}"):
        spec, store = read_spec(location)
        assert spec == SPEC
        assert store.url == str(tmp_path)


def test_elsewhere_the_store_must_be_named(tmp_path: Path) -> None:
    path = tmp_path / "spec.json"
    path.write_bytes(SPEC.to_json())
    with pytest.raises(SpecError, match="--store"):
        read_spec(str(path))
    assert read_spec(str(path), str(tmp_path / "runs"))[1].url == str(tmp_path / "runs")


def test_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(SPEC.to_json())))
    assert read_spec("-", str(tmp_path))[0] == SPEC


@pytest.mark.parametrize("location", ["missing.json", "file:///spec.json"])
def test_one_that_is_not_there_is_a_spec_error(location: str) -> None:
    with pytest.raises(SpecError):
        read_spec(location)


def test_one_that_is_not_in_the_store_is_a_store_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        read_spec(f"file://{tmp_path}/{KEY}")
