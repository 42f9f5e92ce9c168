"""A metric log names the commit of the trainer's source, or none; tested with real repositories."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.e2e.local.conftest import Command, experiment_of


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "safe.directory=*")
    done = subprocess.run(["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def repository(folder: Path) -> str:
    """Make a repository with one commit of everything in a folder except its virtual environment; return the commit."""
    (folder / "notes.txt").write_text(f"{folder}\n")
    (folder / ".gitignore").write_text("__pycache__/\n")
    git(folder, "init", "--quiet")
    git(folder, "add", "--", ".", ":!.venv")
    git(folder, "commit", "--quiet", "--message", "as it was")
    return git(folder, "rev-parse", "HEAD")


def source(folder: Path) -> Path:
    """A copy of the trainer as in a checkout or in site-packages."""
    root = Path(__file__).parents[3]
    shutil.copytree(root / "trainer", folder, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
    return folder / "gridctl_start.py"


@pytest.fixture
def spec(tmp_path: Path, phantom: Path, command: Command) -> Path:
    """The commit in the log of a run whose data is missing: its attempt says who it is and ends at once."""
    experiment_of(tmp_path, phantom)
    rendered = command("gridctl", "submit", "tiny.yaml", "--dry-run", "--json")
    (run_id,) = json.loads(rendered.stdout)["create"]
    from gridctl.experiment import load_experiment

    (run,) = load_experiment(tmp_path / "tiny.yaml").runs
    assert run.run_id == run_id
    path = tmp_path / "spec.json"
    path.write_bytes(run.to_json().replace(b"/acdc", b"/gone"))
    return path


def recorded(start: Path, spec: Path, env: Mapping[str, str] | None = None) -> str:
    store = spec.parent / "store"
    shutil.rmtree(store, ignore_errors=True)
    done = subprocess.run(
        [sys.executable, "-P", str(start), "run", str(spec), "--store", str(store)],
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3, done.stderr
    (log,) = store.glob("*/*/attempts/*.jsonl")
    return str(json.loads(log.read_text().splitlines()[0])["git_sha"])


def test_an_environment_inside_another_repository(tmp_path: Path, spec: Path) -> None:
    project = tmp_path / "project"
    packages = project / ".venv" / "lib" / "site-packages"
    packages.mkdir(parents=True)
    start = source(packages)
    other = repository(project)
    assert recorded(start, spec) == "" != other


def test_a_checkout_and_its_changes(tmp_path: Path, spec: Path) -> None:
    """The commit is right even if a hook's variables name another repository, or another user owns the checkout."""
    checkout, project = tmp_path / "checkout", tmp_path / "project"
    for folder in (checkout, project):
        folder.mkdir()
    start = source(checkout)
    commit, other = repository(checkout), repository(project)
    assert commit != other
    if os.getuid() == 0:
        for path in (checkout, checkout / ".git"):
            os.chown(path, 54321, 54321)
    assert recorded(start, spec, {"GIT_DIR": str(project / ".git")}) == commit
    (checkout / "notes.txt").write_text("not of the trainer\n")
    losses = checkout / "gridctl_trainer" / "training" / "objective.py"
    losses.write_text(losses.read_text() + "\n# another loss\n")
    dirty = recorded(start, spec)
    assert dirty.startswith(f"{commit}+dirty.")
    (checkout / "gridctl_trainer" / "new.py").write_text("")
    assert dirty != (other := recorded(start, spec))
    assert other.startswith(f"{commit}+dirty.")
