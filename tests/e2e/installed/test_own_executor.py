"""The example executor is installed as any package, found by its name, and used by every command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.installed.examples import Run, draw_hearts, gridctl, install, runs_in

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


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which pip has installed the example."""
    return install("own_executor", tmp_path_factory.mktemp("example"))


@pytest.fixture
def run(installed: Path, tmp_path: Path) -> Run:
    """Runs a module as a command in the test's folder, with the example installed."""
    return runs_in(tmp_path, installed)


def test_a_grid_is_trained_by_it_and_reported(run: Run, tmp_path: Path) -> None:
    draw_hearts(tmp_path / "data")
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
    suite = run("-m", "pytest", "-q", "-p", "no:cacheprovider", str(installed.parent / "source"))
    assert suite.returncode == 0, suite.stdout
    assert "6 passed" in suite.stdout
