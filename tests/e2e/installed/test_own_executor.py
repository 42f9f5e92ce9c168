"""The example of an executor of one's own: installed as any package, found by its name, and used by every command."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "examples" / "own_executor"
GRID = """\
name: tiny
models: {unet: {channels: [4, 8]}, wide: {architecture: unet, channels: [8, 8]}}
train_ratios: [0.5]
seeds: [1]
data: {train: {dataset: acdc, path: data/acdc}, size_px: 32}
training: {epochs: 1, threads: 1}
compare: {model: wide, against: unet}
backend: one_by_one
one_by_one:
  niceness: 1
"""
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which pip has installed the example, as its README says."""
    source = tmp_path_factory.mktemp("example") / "source"
    shutil.copytree(EXAMPLE, source, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    target = source.parent / "site-packages"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    done = subprocess.run(
        [*pip, "--target", str(target), str(source)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return target


@pytest.fixture
def run(installed: Path, tmp_path: Path) -> Run:
    """Runs a module as a command in the test's folder, with the example installed."""

    def command(*arguments: str, cwd: Path = tmp_path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=cwd,
            env={**os.environ, "PYTHONPATH": str(installed), "XDG_STATE_HOME": str(tmp_path / "state")},
            capture_output=True,
            text=True,
            timeout=280,
            check=False,
        )

    return command


def gridctl(run: Run, *arguments: str) -> str:
    done = run("-m", "gridctl", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_grid_is_trained_by_it_and_reported(run: Run, tmp_path: Path) -> None:
    assert run("-m", "gridctl_trainer", "data", "phantom", "data", "--patients", "4", "--slices", "2").returncode == 0
    (tmp_path / "tiny.yaml").write_text(GRID)
    assert "not started" in gridctl(run, "submit", "tiny.yaml", "--dry-run")
    submitted = json.loads(gridctl(run, "submit", "tiny.yaml", "--json"))
    assert len(submitted["done"]) == 2
    status = json.loads(gridctl(run, "status", "--json"))
    assert (status["backend"], status["totals"]["done"]) == ("one_by_one", 2)
    assert "wide" in gridctl(run, "report", "--significance")
    assert json.loads(gridctl(run, "plan", "--json"))["at_once"] == 1
    assert "ok" in gridctl(run, "doctor", "tiny.yaml")
    assert gridctl(run, "logs", submitted["done"][0])
    assert "deleted" in run("-m", "gridctl", "delete", "tiny", "--yes").stderr


def test_its_options_are_checked_with_their_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "data" / "acdc").mkdir(parents=True)
    (tmp_path / "tiny.yaml").write_text(GRID.replace("niceness: 1", "nicenes: 1"))
    for command in ("submit", "doctor"):
        done = run("-m", "gridctl", command, "tiny.yaml")
        assert done.returncode == 2
        assert "tiny.yaml:10: one_by_one.nicenes: unknown key 'nicenes'\n  did you mean 'niceness'?" in done.stderr
    assert not (tmp_path / "runs").exists()


def test_an_option_that_it_does_not_take_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "tiny.yaml").write_text(GRID)
    done = run("-m", "gridctl", "submit", "tiny.yaml", "--workers", "2")
    assert (done.returncode, done.stderr.splitlines()[0]) == (
        2,
        "error: --workers: the executor 'one_by_one' has no such limit",
    )


def test_editors_know_it(run: Run) -> None:
    schema = json.loads(gridctl(run, "schema"))
    assert schema["properties"]["backend"]["enum"] == ["local", "kubernetes", "one_by_one"]
    assert "one_by_one" in schema["properties"]


@pytest.mark.slow
def test_it_keeps_what_every_executor_promises(run: Run, installed: Path) -> None:
    suite = run("-m", "pytest", "-q", "-p", "no:cacheprovider", str(installed.parent / "source"), cwd=installed.parent)
    assert suite.returncode == 0, suite.stdout
    assert "6 passed" in suite.stdout
