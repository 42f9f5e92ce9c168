"""`.gridctl` is only a convenience: if it cannot be read or written, everything continues with a note."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from tests.e2e.local.conftest import FAULTS, Command, experiment_of, outcome

NOTE = "note: this folder cannot remember the experiment"
UNTRAINED = {**FAULTS, "GRIDCTL_TEST_TRAINER": "exit 0"}
"""The trainer's process ends at once; it is enough to know that it was started, and cheaper than training."""


@pytest.mark.parametrize("kind", ["a file", "damaged", pytest.param("a folder in its place", marks=pytest.mark.slow)])
def test_the_runs_are_started(kind: str, tmp_path: Path, phantom: Path, command: Command) -> None:
    experiment_of(tmp_path, phantom)
    remembered = tmp_path / ".gridctl"
    if kind == "a file":
        remembered.touch()
    elif kind == "damaged":
        remembered.mkdir()
        (remembered / "submitted.json").write_text("{")
    else:
        (remembered / "submitted.json" / "x").mkdir(parents=True)
    done = command("gridctl", "submit", "tiny.yaml", "--no-verify", "--json", env=UNTRAINED)
    assert len(outcome(done)["created"]) == 1
    assert NOTE in done.stderr
    named = command("gridctl", "status", "tiny", "--store", "runs", "--json")
    assert named.returncode == 0, named.stderr
    assert json.loads(named.stdout)["totals"]["failed"] == 1
    assert command("gridctl", "status").returncode == 2


def test_a_folder_that_was_deleted(tmp_path: Path, phantom: Path, command: Command) -> None:
    path, store, gone = experiment_of(tmp_path, phantom), tmp_path / "runs", tmp_path / "gone"
    gone.mkdir()
    script = f'rmdir {shlex.quote(str(gone))} && exec "$@"'
    wrapper = ["sh", "-c", script, "sh"]
    done = command("gridctl", "submit", str(path), "--store", str(store), "--json", cwd=gone, wrapper=wrapper)
    assert done.returncode == 0, done.stderr
    assert len(outcome(done)["done"]) == 1
    assert NOTE in done.stderr
    assert f"gridctl status tiny --store {store}" in done.stderr
