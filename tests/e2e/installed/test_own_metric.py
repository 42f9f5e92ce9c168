"""The example metric is installed as any package, computed beside ours, and reported without being installed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.e2e.installed.examples import EXAMPLES, Run, draw_hearts, gridctl, install, runs_in

SCORE = "validation.area_error.left_ventricle"
GRID = """\
name: tiny
models: {unet: {channels: [4, 8]}, wide: {architecture: unet, channels: [8, 8]}}
train_ratios: [0.5]
seeds: [1]
data:
  train: {dataset: acdc, path: data/acdc}
  external: {other: {dataset: sunnybrook, path: data/sunnybrook}}
  size_px: 32
training: {epochs: 2, threads: 1, checkpoint_keep_best: validation.area_error}
metrics: [soft_dice, area_error]
compare: {model: wide, against: unet, metrics: [validation.area_error, other.area_error]}
"""
BY_PATH = """\
name: by-path
models: {unet: {channels: [4, 8]}}
train_ratios: [0.5]
seeds: [1]
data: {train: {dataset: acdc, path: data/acdc}, size_px: 32}
training: {epochs: 1, threads: 1}
plugin_path: [mine]
metrics: [soft_dice, "brier:brier"]
"""
BRIER = """\
def brier(images):
    "Mean squared error of the probabilities."
    return ((images.probabilities - images.truth) ** 2).flatten(1).mean(1)


brier.higher_is_better = False
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which pip has installed the example."""
    return install("own_metric", tmp_path_factory.mktemp("example"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the experiments, with data."""
    folder = tmp_path_factory.mktemp("lab")
    draw_hearts(folder / "data")
    (folder / "tiny.yaml").write_text(GRID)
    (folder / "by-path.yaml").write_text(BY_PATH)
    (folder / "mine").mkdir()
    (folder / "mine" / "brier.py").write_text(BRIER)
    return folder


@pytest.fixture(scope="module")
def trained(installed: Path, folder: Path) -> Run:
    """Runs Python beside the finished grid, with the example installed."""
    run = runs_in(folder, installed)
    done = run("-m", "gridctl", "submit", "tiny.yaml", "--no-verify", "--json")
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["done"]) == 2
    return run


def test_its_own_suite_passes(installed: Path, folder: Path) -> None:
    shutil.copy(EXAMPLES / "own_metric" / "tests" / "test_contract.py", folder / "test_contract.py")
    done = runs_in(folder, installed)("-m", "pytest", "-q", "-p", "no:cacheprovider", "test_contract.py")
    assert done.returncode == 0, done.stdout


def test_it_is_trained_with_and_stands_in_every_table(trained: Run, folder: Path) -> None:
    report = json.loads(gridctl(trained, "report", "tiny", "--significance", "--format", "json"))
    assert {row["metric"] for row in report["comparisons"]} == {SCORE, SCORE.replace("validation", "other")}
    assert {row["higher_is_better"] for row in report["comparisons"]} == {False}
    (measure,) = [measure for measure in report["measures"] if measure["name"] == SCORE]
    assert (measure["label"], measure["unit"], measure["low"]) == ("validation area error", "%", 0.0)
    gridctl(trained, "export", "tiny", "--table", "epochs", "-o", "epochs.csv")
    assert SCORE in (folder / "epochs.csv").read_text().partition("\n")[0].split(",")
    best = list((folder / "runs").glob("tiny/*/checkpoints/*.json"))
    assert all(SCORE in json.loads(path.read_text())["scores"] for path in best)
    attempt = json.loads(next((folder / "runs").glob("tiny/*/attempts/*.jsonl")).read_text().partition("\n")[0])
    assert ("metric", "area_error", "gridctl-area-error") in {
        (plugin["kind"], plugin["name"], plugin["distribution"]) for plugin in attempt["plugins"]
    }


def test_who_reports_needs_nothing_of_it(trained: Run, folder: Path) -> None:
    """Label, unit, range and direction are in the logs."""
    elsewhere = runs_in(folder, None)
    assert "unknown metric 'area_error'" in elsewhere("-m", "gridctl", "submit", "tiny.yaml", "--dry-run").stderr
    with_it = gridctl(trained, "report", "tiny", "--significance", "--format", "csv")
    assert gridctl(elsewhere, "report", "tiny", "--significance", "--format", "csv") == with_it
    text = gridctl(elsewhere, "report", "tiny", "--significance", "--format", "markdown")
    assert "validation area error (%)" in text
    assert "lower is better" in text
    gridctl(elsewhere, "report", "tiny", "--significance", "--format", "html", "-o", "page.html")
    page = next(path for path in (folder / "page.html", *folder.glob("page.html/*.html")) if path.is_file())
    assert "area error" in page.read_text(encoding="utf-8")
    assert "soft Dice" in gridctl(elsewhere, "status", "tiny")


def test_a_bare_function_by_its_path(folder: Path) -> None:
    run = runs_in(folder, None)
    done = run("-m", "gridctl", "submit", "by-path.yaml", "--no-verify", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(gridctl(run, "report", "by-path", "--format", "json", "--metric", "validation.brier:brier"))
    assert [row["metric"] for row in report["summaries"]] == ["validation.brier:brier.left_ventricle"]
    (measure,) = [measure for measure in report["measures"] if measure["metric"] == "brier:brier"]
    assert (measure["label"], measure["higher_is_better"]) == ("validation brier", False)


def test_one_that_breaks_is_named_before_anything_is_trained(folder: Path) -> None:
    (folder / "mine" / "broken.py").write_text(BRIER.replace("images.truth", "images.mask").replace("brier", "broken"))
    (folder / "broken.yaml").write_text(BY_PATH.replace("by-path", "broken").replace("brier:brier", "broken:broken"))
    done = runs_in(folder, None)("-m", "gridctl", "submit", "broken.yaml")
    assert done.returncode == 2, done.stderr
    assert (
        "the metric 'broken:broken' fails: AttributeError: 'SliceBatch' object has no attribute 'mask'" in done.stderr
    )
    assert "Traceback" not in done.stderr
    assert not list((folder / "runs").glob("broken/*/result.json"))
