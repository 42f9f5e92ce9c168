"""The last lines of `submit` say what became of the runs, and count only finished runs as done."""

from __future__ import annotations

import shutil
import signal
import subprocess
from pathlib import Path

from tests.e2e.local.conftest import SCRIPTS, experiment_of
from tests.e2e.short_commands import Command, gridctl
from tests.waiting import files_matching, wait_for

__all__ = ["gridctl"]


def test_done_and_done_before(gridctl: Command, phantom: Path, tmp_path: Path) -> None:
    experiment_of(tmp_path, phantom, [1])
    said = gridctl("submit", "tiny.yaml", "--no-verify").stderr
    assert "[1/1 done]" in said
    assert "tiny: 1 run done; " in said
    assert said.splitlines()[-1].startswith("next: gridctl status")
    experiment_of(tmp_path, phantom, [1, 2])
    assert "tiny: 1 run done, 1 done before; " in gridctl("submit", "tiny.yaml", "--no-verify").stderr


def test_failed_runs_are_not_counted_as_done(gridctl: Command, phantom: Path, tmp_path: Path) -> None:
    shutil.copytree(phantom / "acdc", tmp_path / "own" / "acdc")
    experiment_of(tmp_path, tmp_path / "own")
    shutil.rmtree(tmp_path / "own" / "acdc")
    (tmp_path / "own" / "acdc").mkdir()
    done = gridctl("submit", "tiny.yaml", "--no-verify")
    assert done.returncode == 1
    assert "[0/1 done] tiny-unet" in done.stderr
    assert "tiny: 0 runs done, 1 failed; " in done.stderr
    assert done.stderr.splitlines()[-1].startswith("next: gridctl logs tiny-unet")


def test_interrupted_runs_are_not_counted_as_done(phantom: Path, tmp_path: Path) -> None:
    experiment_of(tmp_path, phantom)
    command = [str(SCRIPTS / "gridctl"), "submit", "tiny.yaml", "--no-verify", "--set", "training.epochs=5000"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        attempts = "runs/tiny/*/attempts/*.jsonl"
        wait_for(lambda: files_matching(tmp_path, attempts) or process.poll() is not None)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=120)[1]
    assert process.returncode == 130, said
    assert "[0/1 done] tiny-unet" in said
    assert "interrupted" in said.partition("[0/1 done]")[2].splitlines()[0]
    assert "tiny: 0 runs done, 1 interrupted or not started; " in said
    assert "stopping: 1 run is making a checkpoint" in said
