"""Changes that cannot affect a result do not train a run again."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.e2e.local.conftest import SCRIPTS, Command, experiment_of

SAME = {
    "by a link": "data.train.path=linked/acdc",
    "by another spelling": "data.train.path={phantom}/../phantom/acdc",
    "as a file URL": "data.train.path=file://{phantom}/acdc",
    "on the device it took anyway": "training.device=cpu",
}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, phantom: Path) -> Path:
    """A folder from which a run was submitted and trained."""
    folder = tmp_path_factory.mktemp("trained")
    experiment_of(folder, phantom)
    (folder / "linked").symlink_to(phantom)
    submit = [str(SCRIPTS / "gridctl"), "submit", "tiny.yaml", "--no-verify"]
    subprocess.run(submit, cwd=folder, env={**os.environ, "XDG_STATE_HOME": str(folder)}, check=True)
    return folder


def created(command: Command, trained: Path, override: str) -> list[str]:
    """Runs that the same submission would train with an override."""
    asked = command("gridctl", "submit", "tiny.yaml", "--dry-run", "--json", "--set", override, cwd=trained)
    if asked.returncode:
        pytest.fail(asked.stderr)
    return list(json.loads(asked.stdout)["create"])


def test_how_often_checkpoints_are_made_changes_no_result(command: Command, trained: Path) -> None:
    assert created(command, trained, "training.checkpoint_every_epochs=3") == []
    assert created(command, trained, "training.epochs=3") != []


@pytest.mark.parametrize("override", SAME.values(), ids=SAME)
def test_the_same_run_is_not_trained_again(override: str, command: Command, trained: Path, phantom: Path) -> None:
    found = created(command, trained, override.format(phantom=phantom))
    assert found == []
