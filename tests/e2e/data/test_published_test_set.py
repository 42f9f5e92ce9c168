"""ACDC's testing patients beside the training patients are checked, named by init, and never silently dropped."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.e2e.short_commands import Command, gridctl, trainer
from tests.e2e.specification import specification

__all__ = ["gridctl", "trainer"]


@pytest.fixture
def both(phantom: Path, tmp_path: Path) -> Path:
    """Four training patients and two testing patients, one of whom is a training patient, too."""
    root = tmp_path / "acdc"
    training = shutil.copytree(phantom / "acdc" / "database" / "training", root / "training")
    testing = root / "testing"
    testing.mkdir()
    for old, new in (("patient005", "patient105"), ("patient006", "patient106")):
        folder = Path(shutil.move(training / old, testing / new))
        for path in sorted(folder.iterdir()):
            path.rename(path.with_name(path.name.replace(old, new)))
    copy = shutil.copytree(training / "patient002", testing / "patient118")
    for path in sorted(Path(copy).iterdir()):
        path.rename(path.with_name(path.name.replace("patient002", "patient118")))
    return root


def test_check_reads_both_and_names_who_is_in_both(both: Path, trainer: Command) -> None:
    done = trainer("data", "check", "acdc")
    assert done.returncode == 0, done.stdout
    assert "ACDC test set, acdc/testing" in done.stdout
    said = "patient002: its images are those of patient118 in acdc/testing"
    assert said in done.stdout
    assert "with the same labels: training leaves one of the two out" in done.stdout
    for folder in ("acdc", "acdc/training"):
        train, test = json.loads(trainer("data", "check", folder, "--json").stdout)
        assert [train["test"], test["test"]] == [False, True]
        assert len(test["patients"]) == 3
        assert [copy["patient"] for copy in train["copies"]] == ["patient002"]
        assert train["copies"][0]["of"] == "patient118"
    assert len(json.loads(trainer("data", "check", "acdc/testing", "--json").stdout)) == 1


def test_init_names_it_as_the_test_set(both: Path, gridctl: Command) -> None:
    done = gridctl("init", "acdc", "-o", "-")
    assert done.returncode == 0, done.stderr
    line = next(line for line in done.stdout.splitlines() if line.startswith("  test:"))
    assert "{dataset: acdc, path: acdc/testing}" in line
    assert "3 patients, scored once, after the last epoch" in line


def test_a_run_that_leaves_it_unused_says_so_and_one_that_uses_it_leaves_the_common_patient_out(
    both: Path, tmp_path: Path, trainer: Command
) -> None:
    train = {"dataset": "acdc", "path": "acdc"}
    (tmp_path / "spec.json").write_text(json.dumps(specification(data={"train": train})))
    done = trainer("preflight", "spec.json")
    assert done.returncode == 0, done.stdout
    assert "the test set of ACDC, 3 patients in acdc/testing, is not scored" in done.stdout
    assert "is not scored" in trainer("run", "spec.json", "--store", "runs").stderr
    test = {"dataset": "acdc", "path": "acdc/testing"}
    (tmp_path / "spec.json").write_text(json.dumps(specification(data={"train": train, "test": test})))
    done = trainer("preflight", "spec.json")
    assert "is not scored" not in done.stdout
    assert "patient002 (train) is left out: its images are those of patient118 (test)" in done.stdout


def test_testing_patients_without_labels_are_no_test_set(both: Path, trainer: Command) -> None:
    for path in (both / "testing").rglob("*_gt.nii.gz"):
        path.unlink()
    assert len(json.loads(trainer("data", "check", "acdc", "--json").stdout)) == 1
