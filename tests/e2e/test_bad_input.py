"""Bad input gives one clear message with file and field and the right exit code, and leaves nothing half-written."""

from __future__ import annotations

import gzip
import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gridctl.experiment import load_experiment
from gridctl_trainer.contract.layout import RunLayout, attempt_of
from gridctl_trainer.contract.records.attempt_log import read_attempt
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.folder import FolderStore
from tests.e2e.conftest import EXPERIMENT, Run


@pytest.fixture
def own_phantom(phantom: Path, tmp_path: Path) -> Path:
    """A copy of the synthetic set, which tests damage."""
    return Path(shutil.copytree(phantom, tmp_path / "own"))


def write(path: Path, phantom: Path, old: str = "", new: str = "") -> Path:
    text = EXPERIMENT.format(phantom=phantom)
    assert old in text
    path.write_text(text.replace(old, new, 1) if old else text)
    return path


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("seeds:", "sedes:", "tiny.yaml:6: sedes: unknown key 'sedes'"),
        ("seeds: [1, 2, 3]", "seeds: []", "tiny.yaml:6: seeds: the list is empty"),
        ("seeds: [1, 2, 3]", "seeds: [1, 2, 2]", "tiny.yaml:6: seeds: 2 appears more than once"),
        ("[0.5]", "[0]", "tiny.yaml:5: train_ratios[0]: must be greater than 0"),
        ("[0.5]", "[1.2]", "tiny.yaml:5: train_ratios[0]: must be at most 1"),
        ("/acdc", "/nowhere", "tiny.yaml:8: data.train.path: there is no folder"),
    ],
)
def test_a_bad_experiment_is_refused_before_anything_is_written(
    old: str, new: str, said: str, phantom: Path, tmp_path: Path, gridctl: Run
) -> None:
    write(tmp_path / "tiny.yaml", phantom, old, new)
    done = gridctl("submit", "tiny.yaml")
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert os.listdir(tmp_path) == ["tiny.yaml"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["submit", "missing.yaml"],
        ["status"],
        ["report", "--significance"],
        ["status", "unheard-of"],
        ["status", "unheard-of", "--store", "nowhere"],
        ["submit", "tiny.yaml", "--set", "training.epoch=3"],
        ["submit", "tiny.yaml", "--workers", "0"],
        ["report", "--format", "pdf"],
        ["submit", "tiny.yaml", "--store", "ftp://host/x"],
    ],
)
def test_bad_usage_is_one_message(arguments: list[str], phantom: Path, tmp_path: Path, gridctl: Run) -> None:
    write(tmp_path / "tiny.yaml", phantom)
    done = gridctl(*arguments)
    assert done.returncode == 2, done.stderr
    assert done.stderr.strip()
    assert "Traceback" not in done.stderr
    assert os.listdir(tmp_path) == ["tiny.yaml"]


def no_labels(root: Path) -> str:
    found = sorted(root.glob("acdc/**/*_gt.nii.gz"))[0]
    found.unlink()
    return found.name


def unreadable_nifti(root: Path) -> str:
    found = sorted(root.glob("acdc/**/*_frame*[0-9].nii.gz"))[0]
    found.write_bytes(found.read_bytes()[:500])
    return found.name


def nifti_of_nonsense(root: Path) -> str:
    found = sorted(root.glob("acdc/**/*_frame*[0-9].nii.gz"))[0]
    found.write_bytes(gzip.compress(b"nonsense" * 100))
    return found.name


def unreadable_dicom(root: Path) -> str:
    contour = sorted(root.glob("sunnybrook/**/*-icontour-manual.txt"))[0]
    number = contour.name.split("-")[2]
    found = sorted(path for path in root.glob("sunnybrook/**/*.dcm") if path.stem.endswith(number))[0]
    found.write_bytes(b"not a DICOM file")
    return found.name


def contour_with_text(root: Path) -> str:
    found = sorted(root.glob("sunnybrook/**/*-icontour-manual.txt"))[0]
    lines = found.read_text().splitlines()
    lines[2] = "here comes text"
    found.write_text("\n".join(lines))
    return f"{found.name}:3"


@pytest.mark.parametrize(
    "damage",
    [
        no_labels,
        *(pytest.param(damage, marks=pytest.mark.slow) for damage in (unreadable_nifti, contour_with_text)),
        nifti_of_nonsense,
        unreadable_dicom,
    ],
)
def test_bad_data_ends_the_run_with_3_and_names_the_file(
    damage: Callable[[Path], str], own_phantom: Path, tmp_path: Path
) -> None:
    named = damage(own_phantom)
    run = load_experiment(write(tmp_path / "tiny.yaml", own_phantom)).runs[0]
    done, store = train(run, tmp_path / "runs")
    assert done.returncode == 3, done.stderr
    assert named in done.stderr
    assert "Traceback" not in done.stderr
    layout = RunLayout(run.experiment, run.run_id)
    assert not store.exists(layout.result)
    assert not list(store.list(layout.checkpoints))
    (log,) = [read_attempt(store.get(stat.key).data) for stat in store.list(layout.attempts) if attempt_of(stat.key)]
    assert log.end is not None
    assert log.end.exit_code == 3
    assert named in log.end.message


def test_bad_data_are_named_once_and_nothing_is_started(own_phantom: Path, tmp_path: Path, gridctl: Run) -> None:
    named = no_labels(own_phantom)
    write(tmp_path / "tiny.yaml", own_phantom)
    done = gridctl("submit", "tiny.yaml", "--workers", "1")
    assert done.returncode == 2
    assert done.stderr.count(named) == 1, done.stderr
    assert not list(tmp_path.glob("runs/tiny/*"))


@pytest.mark.parametrize("damage", ["not JSON", "schema_version", "train_ratio"])
def test_a_bad_specification_ends_with_2(damage: str, phantom: Path, tmp_path: Path) -> None:
    run = load_experiment(write(tmp_path / "tiny.yaml", phantom)).runs[0]
    content = json.loads(run.to_json())
    content[damage] = 7
    path = tmp_path / "spec.json"
    path.write_text("{" if damage == "not JSON" else json.dumps(content))
    command = [sys.executable, "-m", "gridctl_trainer", "run", str(path), "--store", str(tmp_path / "runs")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2
    assert "spec.json" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "runs").exists()


def test_a_disk_that_fills_ends_the_attempt_and_nothing_is_half_written(phantom: Path, tmp_path: Path) -> None:
    """The kernel refuses to let a file grow past the limit, as a full disk does."""
    run = load_experiment(write(tmp_path / "tiny.yaml", phantom)).runs[0]
    done, store = train(run, tmp_path / "runs", file_size_limit=20_000)
    assert done.returncode == 1, done.stderr
    assert "File too large" in done.stderr
    assert "Traceback" not in done.stderr
    layout = RunLayout(run.experiment, run.run_id)
    assert not store.exists(layout.result)
    assert not list((tmp_path / "runs").rglob(".writing-*"))
    assert train(run, tmp_path / "runs")[0].returncode == 0, "with room again it finishes"


def train(
    run: RunSpec, folder: Path, file_size_limit: int | None = None
) -> tuple[subprocess.CompletedProcess[str], FolderStore]:
    store = FolderStore(folder)
    key = RunLayout(run.experiment, run.run_id).spec
    store.put(key, run.to_json())

    def limit() -> None:
        if file_size_limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_size_limit, file_size_limit))

    done = subprocess.run(
        [sys.executable, "-m", "gridctl_trainer", "run", f"{folder}/{key}"],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        preexec_fn=limit,
    )
    return done, store
