"""If the machine refuses something in a worker's thread, its run fails with one message, and the others continue."""

from __future__ import annotations

import errno
import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.local.conftest import FAULTS, Command, experiment_of, nameless_user, outcome


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody can read, unlike those that pytest makes."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.parametrize("number", [errno.ENOMEM, errno.EAGAIN])
def test_a_process_that_cannot_be_started(number: int, tmp_path: Path, phantom: Path, command: Command) -> None:
    experiment_of(tmp_path, phantom, seeds=(1, 2, 3))
    faults = {**FAULTS, "GRIDCTL_TEST_POPEN": str(number)}
    refused = command("gridctl", "submit", "tiny.yaml", "--json", env=faults)
    assert refused.returncode == 2, refused.stderr
    assert refused.stderr.count("cannot start the trainer") == 1
    done = command("gridctl", "submit", "tiny.yaml", "--no-verify", "--json", env=faults)
    assert done.returncode == 1, done.stderr
    assert len(outcome(done)["failed"]) == 3
    assert done.stderr.count("cannot start the trainer") == 1
    assert "lower --workers" in done.stderr
    status = json.loads(command("gridctl", "status", "--json").stdout)
    assert status["totals"]["failed"] == 3
    assert "cannot start the trainer" in status["runs"][0]["reason"]


@pytest.mark.parametrize(
    "number",
    [errno.ENOLCK, *(pytest.param(number, marks=pytest.mark.slow) for number in (errno.ENOSYS, errno.EOPNOTSUPP))],
)
def test_no_locks_anywhere(number: int, tmp_path: Path, phantom: Path, command: Command) -> None:
    """Runs, the data cache and the spool follow one rule; with one of the errors, training completes."""
    experiment_of(tmp_path, phantom)
    environment = {**FAULTS, "GRIDCTL_TEST_FLOCK": str(number)}
    if number != errno.ENOLCK:
        environment["GRIDCTL_TEST_TRAINER"] = "exit 0"
    done = command("gridctl", "submit", "tiny.yaml", "--json", env=environment)
    assert "continuing without locks" in done.stderr
    assert done.returncode == (0 if number == errno.ENOLCK else 1), done.stderr
    assert len(outcome(done)["done"]) == (1 if number == errno.ENOLCK else 0)
    assert len(outcome(done)["created"]) == 1


@pytest.mark.parametrize("home", [pytest.param("/proc", marks=pytest.mark.slow), "a file"])
def test_a_home_that_cannot_be_written(home: str, tmp_path: Path, phantom: Path, command: Command) -> None:
    experiment_of(tmp_path, phantom)
    if home == "a file":
        (tmp_path / "file").touch()
        home = str(tmp_path / "file")
    environment = {"HOME": home, "XDG_STATE_HOME": None, "XDG_CACHE_HOME": None, "TMPDIR": str(tmp_path)}
    done = command("gridctl", "submit", "tiny.yaml", "--json", env=environment)
    assert done.returncode == 0, done.stderr
    assert len(outcome(done)["done"]) == 1
    assert "locking in" in done.stderr


@pytest.mark.parametrize("home", [None, pytest.param("/", marks=pytest.mark.slow)])
def test_a_user_without_name_and_home(home: str | None, open_folder: Path, phantom: Path, command: Command) -> None:
    """A user id as OpenShift gives each pod; the folder in which commands are called belongs to another user, too."""
    wrapper = nameless_user()
    shutil.copytree(phantom / "acdc", open_folder / "acdc")
    experiment_of(open_folder, open_folder)
    store, temporary = open_folder / "store", open_folder / "tmp"
    for folder in (store, temporary):
        folder.mkdir()
        folder.chmod(0o777)
    environment: dict[str, str | None] = {"HOME": home, "XDG_STATE_HOME": None, "XDG_CACHE_HOME": None}
    environment |= {"TMPDIR": str(temporary), "MPLCONFIGDIR": str(temporary)}
    if home is None:  # it is enough that the process is started, as the other case trains
        environment |= {**FAULTS, "GRIDCTL_TEST_TRAINER": "exit 0"}
    arguments = ("gridctl", "submit", "tiny.yaml", "--store", str(store), "--json")
    done = command(*arguments, wrapper=wrapper, env=environment, cwd=open_folder)
    found = outcome(done)
    assert len(found["created"]) == 1, done.stderr
    assert "note: this folder cannot remember the experiment" in done.stderr
    assert len(found["done"]) == (0 if home is None else 1), done.stderr
    arguments = ("gridctl", "status", "tiny", "--store", str(store), "--json")
    asked = command(*arguments, wrapper=wrapper, env=environment, cwd=open_folder)
    assert asked.returncode == 0, asked.stderr
    assert json.loads(asked.stdout)["totals"]["done"] == len(found["done"])
