"""A run is done if its result is in the store, whatever the exit code of its process and the files in the folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gridctl_trainer.contract.records.attempt_log import read_attempt
from tests.e2e.local.conftest import FAULTS, Command, experiment_of, outcome
from tests.e2e.specification import specification

SHADOWS = ("trainer", "orchestrator", "yaml", "numpy", "torch", "typer", "pydantic", "random", "cv2")


def test_modules_of_the_users_folder_take_no_place(tmp_path: Path, phantom: Path, command: Command) -> None:
    """`PYTHONPATH=$PYTHONPATH:/lib` often has an empty entry, which means the current folder."""
    experiment_of(tmp_path, phantom)
    for name in SHADOWS:
        (tmp_path / f"{name}.py").write_text("raise SystemExit(0)\n")
    (tmp_path / "trainer").mkdir()
    (tmp_path / "trainer" / "__init__.py").write_text("raise SystemExit(0)\n")
    made = command("gridctl-trainer", "data", "phantom", "made", "--patients", "2", env={"PYTHONPATH": str(tmp_path)})
    assert made.returncode == 0, made.stderr
    assert (tmp_path / "made" / "acdc").is_dir()
    done = command("gridctl", "submit", "tiny.yaml", "--json", env={"PYTHONPATH": ":/nowhere"})
    assert done.returncode == 0, done.stderr
    assert len(outcome(done)["done"]) == len(list(tmp_path.glob("runs/tiny/*/result.json"))) == 1


@pytest.mark.parametrize(
    ("ending", "said"),
    [
        ("exit 0", "ended with exit code 0, but there is no result at"),
        ("signal 9", "killed by SIGKILL: out of memory?"),
        pytest.param("signal 40", "killed by signal 40", marks=pytest.mark.slow),
        ("exit 143", "stopped by somebody else"),
    ],
)
def test_a_process_that_ends_without_a_result_failed(
    ending: str, said: str, tmp_path: Path, phantom: Path, command: Command
) -> None:
    experiment_of(tmp_path, phantom, seeds=(1, 2))
    done = command(
        "gridctl", "submit", "tiny.yaml", "--no-verify", "--json", env={**FAULTS, "GRIDCTL_TEST_TRAINER": ending}
    )
    assert done.returncode == 1, done.stderr
    found = outcome(done)
    assert found["done"] == []
    assert len(found["failed"]) == 2
    assert all(said in message for message in found["failed"].values())
    assert said in done.stderr
    assert ("gridctl retry" in done.stderr) == (ending != "exit 143")
    status = json.loads(command("gridctl", "status", "--json").stdout)
    if ending == "exit 143":  # the run may be resumed without being asked for
        assert status["totals"]["not_started"] == 2
    else:
        assert status["totals"]["failed"] == 2
        assert all(said in run["reason"] for run in status["runs"])


@pytest.mark.parametrize("planted", [pytest.param("{}", marks=pytest.mark.slow), "another run"])
def test_an_object_that_is_no_result_of_this_run(planted: str, tmp_path: Path, phantom: Path, command: Command) -> None:
    experiment_of(tmp_path, phantom)
    (run_id,) = json.loads(command("gridctl", "submit", "tiny.yaml", "--dry-run", "--json").stdout)["create"]
    result = tmp_path / "runs" / "tiny" / run_id / "result.json"
    result.parent.mkdir(parents=True)
    result.write_text(json.dumps(RESULT | {"run_id": "tiny-unet-other"}) if planted == "another run" else planted)
    done = command("gridctl", "submit", "tiny.yaml", "--json")
    assert done.returncode == 1, done.stderr
    assert outcome(done)["done"] == []
    assert "result.json: " in outcome(done)["failed"][run_id]
    assert "delete it" in done.stderr
    assert json.loads(command("gridctl", "status", "--json").stdout)["totals"]["done"] == 0


def test_an_installation_that_cannot_train_says_so_once(tmp_path: Path, phantom: Path) -> None:
    experiment_of(tmp_path, phantom, seeds=(1, 2, 3))
    done = without_torch(tmp_path, "gridctl", "submit", "tiny.yaml", "--json")
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("torch") == 1
    assert "pip install 'gridctl[trainer]'" in done.stderr
    assert done.stdout == ""
    assert not (tmp_path / "runs").exists()
    examined = without_torch(tmp_path, "gridctl", "doctor", "tiny.yaml")
    assert examined.returncode != 0
    assert "this installation cannot train: torch" in examined.stdout


def test_an_attempt_of_an_image_that_cannot_train_is_not_tried_again_and_its_log_says_why(tmp_path: Path) -> None:
    (tmp_path / "spec.json").write_text(json.dumps(specification(data={"train": {"dataset": "acdc", "path": "data"}})))
    done = without_torch(tmp_path, "trainer", "run", "spec.json", "--store", "runs")
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    (path,) = (tmp_path / "runs").rglob("*.jsonl")
    end = read_attempt(path.read_bytes(), path).end
    assert end is not None
    assert end.exit_code == 2
    assert "cannot import torch" in end.message
    assert "kubernetes.image" in end.message


def without_torch(folder: Path, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command of an installation without this module, in which every other installed module is a link."""
    import torch

    installed, bare = Path(torch.__file__).parent.parent, folder / "bare"
    if not bare.exists():
        bare.mkdir()
        for path in installed.iterdir():
            if not path.name.startswith("torch"):
                (bare / path.name).symlink_to(path)
    root = Path(__file__).parents[3]
    return subprocess.run(
        [sys.executable, "-S", "-P", "-c", f"from gridctl_start import {program}; {program}()", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (root / "orchestrator", root / "trainer", bare)))},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


SCORES = {"images": 1, "scores": {"soft_dice.left_ventricle": 0.9, "bce.left_ventricle": 0.1}}
RESULT = {
    "schema_version": 2,
    "run_id": "",
    "spec_digest": "0" * 64,
    "epochs": 1,
    "attempts": 1,
    "checkpoint": "c",
    "weights_sha256": "w",
    "sets": {"validation": SCORES},
    "train_seconds": 1.0,
    "finished_at": "2026-01-01T00:00:00Z",
}
