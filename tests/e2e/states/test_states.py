"""The states of runs during a submission, after it is cancelled, and after it is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.local.conftest import SCRIPTS, experiment_of
from tests.e2e.states.conftest import Command
from tests.waiting import files_matching, wait_for

pytestmark = pytest.mark.usefixtures("own_state")
LOGS = "runs/tiny/*/attempts/*.log"
LONG = ("--set", "training.epochs=5000", "--set", "training.checkpoint_every_epochs=1000")


@pytest.fixture
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The locks of this test only."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


class Commands:
    """Runs commands on an experiment with three runs."""

    def __init__(self, call: Command) -> None:
        self.call = call

    def json(self, *arguments: str) -> Any:
        return json.loads(self.call(*arguments, "--json").stdout)

    def runs(self, state: str) -> list[dict[str, Any]]:
        return [run for run in self.json("status")["runs"] if run["state"] == state]

    def totals(self) -> dict[str, int]:
        return {state: number for state, number in self.json("status")["totals"].items() if number}


@pytest.fixture
def commands(tmp_path: Path, phantom: Path, gridctl: Command) -> Commands:
    experiment_of(tmp_path, phantom, seeds=(1, 2, 3))
    return Commands(gridctl)


@contextmanager
def submitting(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """`gridctl submit` in the background, one run at a time, once its first run has trained an epoch."""
    before = files_matching(folder, LOGS)
    said = folder / "submit.err"
    command = [str(SCRIPTS / "gridctl"), "submit", "tiny.yaml", "--no-verify", "--workers", "1", *arguments]
    with said.open("w") as errors, subprocess.Popen(command, cwd=folder, stderr=errors, text=True) as process:
        try:
            wait_for(lambda: files_matching(folder, LOGS) > before or process.poll() is not None)
            assert process.poll() is None, said.read_text()
            yield process
        finally:
            for _ in range(2):
                process.send_signal(signal.SIGINT)
                time.sleep(0.5)


def test_a_running_submit_holds_all_of_its_runs(tmp_path: Path, commands: Commands) -> None:
    with submitting(tmp_path, *LONG) as first:
        assert commands.totals() == {"running": 1, "queued": 2}
        assert all(f"submit {first.pid} on " in run["reason"] for run in commands.runs("queued"))
        waiting = commands.runs("queued")[0]
        said = commands.call("logs", waiting["run_id"]).stderr
        assert f"it has printed nothing yet\n  it is queued {waiting['reason']}" in said
        again = commands.call("submit", "tiny.yaml", *LONG, "--json")
        assert again.returncode == 0, again.stderr
        assert "1 running already, 2 queued already" in again.stderr
        assert f"submit {first.pid} on " in again.stderr
        assert json.loads(again.stdout)["created"] == []
        first.send_signal(signal.SIGINT)
        assert first.wait(60) == 130
    assert commands.totals() == {"interrupted": 1, "not_started": 2}
    assert commands.runs("interrupted")[0]["reason"] == "stopped by a signal"


def test_what_a_killed_submit_had_queued_is_free_at_once(tmp_path: Path, commands: Commands) -> None:
    with submitting(tmp_path, *LONG) as first:
        assert commands.json("status")["eta_seconds"] > 0
        first.kill()
        first.wait()
        assert commands.totals() == {"running": 1, "not_started": 2}, "its trainer lives on"
        assert commands.json("status")["eta_seconds"] is None, "nobody will train the others"
        os.kill(trainer_of(tmp_path), signal.SIGKILL)
        wait_for(lambda: commands.totals() == {"interrupted": 1, "not_started": 2})
        assert "without a final record" in commands.runs("interrupted")[0]["reason"]


def test_a_paused_trainer_is_stalled_and_a_cancelled_one_is_resumed(tmp_path: Path, commands: Commands) -> None:
    with submitting(tmp_path, *LONG) as first:
        process_id = trainer_of(tmp_path)
        os.kill(process_id, signal.SIGSTOP)
        hour_ago = time.time() - 3600
        os.utime(note_of(tmp_path), (hour_ago, hour_ago))
        (stalled,) = commands.runs("stalled")
        assert "no progress for 1 h 0 min, where at most 1 s is usual, since " in stalled["reason"]
        assert f"(process {process_id})" in stalled["reason"]
        assert f"`gridctl logs {stalled['run_id']}`" in stalled["reason"]
        assert f"`gridctl cancel tiny --run {stalled['run_id']}`" in stalled["reason"]
        assert commands.totals() == {"stalled": 1, "queued": 2}

        waiting = commands.runs("queued")[-1]["run_id"]
        assert commands.json("cancel", "--run", waiting) == {"cancelled": [waiting]}
        assert commands.runs("cancelled")[0]["run_id"] == waiting
        assert len(commands.json("cancel")["cancelled"]) == 3
        assert first.wait(60) == 130, "nothing failed, and not everything is done"
    assert "3 runs cancelled" in (tmp_path / "submit.err").read_text()
    assert commands.totals() == {"cancelled": 3}
    assert "by `gridctl cancel` at " in commands.runs("cancelled")[0]["reason"]
    dry = commands.call("submit", "tiny.yaml", *LONG, "--dry-run")
    assert "3 cancelled, to resume" in dry.stderr
    assert dry.stdout.count("  cancelled\n") == 3
    with submitting(tmp_path, *LONG):
        assert commands.totals() == {"running": 1, "queued": 2}
        assert not list(tmp_path.glob("runs/tiny/*/cancelled.json"))


def note_of(folder: Path) -> Path:
    """The lock of the run that is being trained."""
    (path,) = (path for path in folder.glob("state/gridctl/locks/*/*.lock") if path.stat().st_size)
    return path


def trainer_of(folder: Path) -> int:
    process_id: int = json.loads(note_of(folder).read_text())["process_id"]
    return process_id
