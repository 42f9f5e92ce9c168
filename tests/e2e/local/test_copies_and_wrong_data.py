"""Copies are left out and wrong data stop a run before its first epoch, in the words for a person and a script."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from gridctl_trainer.contract.layout import attempt_of
from gridctl_trainer.contract.records.attempt_log import AttemptLog, read_attempt
from gridctl_trainer.storage.base import open_store
from tests.e2e.short_commands import Command, trainer
from tests.e2e.specification import specification
from tests.forked_commands import CompletedCall

__all__ = ["trainer"]

TRAIN = {"train": {"dataset": "acdc", "path": "data/acdc"}}


@pytest.fixture
def patients(phantom: Path, tmp_path: Path) -> Path:
    """Six patients, which tests copy and damage."""
    shutil.copytree(phantom, tmp_path / "data")
    return tmp_path / "data" / "acdc" / "database" / "training"


def copy_patient(folder: Path, name: str) -> None:
    for path in sorted(shutil.copytree(folder, folder.with_name(name)).iterdir()):
        path.rename(path.with_name(path.name.replace(folder.name, name)))


def swap_labels(folder: Path) -> None:
    """Swap the ventricles, as if the labels of M&Ms, which numbers them the other way round, were read as ACDC's."""
    for path in folder.glob("*_gt.nii.gz"):
        image = nibabel.load(path)
        labels = np.asanyarray(image.dataobj)
        swapped = np.array([0, 3, 2, 1], dtype=np.uint8)[labels]
        nibabel.save(nibabel.Nifti1Image(swapped, image.affine, image.header), path)


def write(folder: Path, **data: Any) -> None:
    (folder / "spec.json").write_text(json.dumps(specification(data={**TRAIN, **data})))


def logged(done: CompletedCall, store: Path) -> AttemptLog:
    found = open_store(str(store))
    (log,) = [read_attempt(found.get(stat.key).data, stat.key) for stat in found.list() if attempt_of(stat.key)]
    return log


def preflight(trainer: Command) -> tuple[int, list[Mapping[str, Any]]]:
    done = trainer("preflight", "--progress", "json", "spec.json")
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def test_a_copy_is_said_before_and_while_it_is_left_out_and_is_recorded(
    patients: Path, tmp_path: Path, trainer: Command
) -> None:
    copy_patient(patients / "patient002", "patient009")
    write(tmp_path)
    code, findings = preflight(trainer)
    assert code == 0
    said = "patient009 (train) is left out: its images are those of patient002"
    assert [item["what"] for item in findings if item["event"] == "note"] == [
        f"{said}; set data.copies: keep to keep it"
    ]
    done = trainer("run", "spec.json", "--store", "runs")
    assert done.returncode == 0, done.stderr
    assert said in done.stderr
    data = logged(done, tmp_path / "runs").data
    assert data is not None
    assert data.left_out == {"train": {"patient009": "its images are those of patient002"}}
    assert "patient009" not in {*data.sets["train"].patients, *data.sets["validation"].patients}


def test_wrong_data_stop_a_run_unless_it_is_told_otherwise(patients: Path, tmp_path: Path, trainer: Command) -> None:
    swap_labels(patients / "patient003")
    write(tmp_path)
    code, findings = preflight(trainer)
    assert code == 3
    problems = [item for item in findings if item["event"] == "problem"]
    assert len(problems) == 2, "both time points"
    assert "the labels of left ventricle and right ventricle are swapped" in problems[0]["what"]
    assert "patient003" in problems[0]["where"]
    assert "data.on_wrong: train" in problems[-1]["fix"]
    done = trainer("run", "spec.json", "--store", "runs")
    assert done.returncode == 3
    assert "are swapped" in done.stderr
    write(tmp_path, on_wrong="train")
    code, findings = preflight(trainer)
    assert code == 0
    assert any("training or scores may be wrong" in item.get("what", "") for item in findings)
    assert trainer("run", "spec.json", "--store", "anyway").returncode == 0
