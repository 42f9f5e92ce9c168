"""The example of a data set of one's own: installed as any package, or named by its path, trained on and reported."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[3] / "examples" / "own_dataset"
GRID = """\
name: hearts
models: {unet: {channels: [4, 8]}}
train_ratios: [0.5]
seeds: [1]
data:
  train: {dataset: npz_hearts, path: data/hearts}
  external: {sunnybrook: {dataset: sunnybrook, path: data/sunnybrook}}
  target: [left_ventricle, myocardium]
  size_px: 32
training: {epochs: 1}
"""
BY_PATH = GRID.replace("npz_hearts", '"own_dataset.hearts:NpzHearts", version: ""').replace(
    "name: hearts", "name: by-path\nplugin_path: [datasets]"
)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = tmp_path_factory.mktemp("example") / "source"
    shutil.copytree(EXAMPLE, source, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    target = source.parent / "site-packages"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    done = subprocess.run(
        [*pip, "--target", str(target), str(source)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return target


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the experiments lie, with data: hearts as the example's own test writes them."""
    folder = tmp_path_factory.mktemp("lab")
    phantom = [sys.executable, "-m", "gridctl_trainer", "data", "phantom", "made", "--patients", "2", "--slices", "2"]
    subprocess.run(phantom, cwd=folder, check=True, capture_output=True, timeout=120)
    spec = importlib.util.spec_from_file_location("example_contract", EXAMPLE / "tests" / "test_contract.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.write_hearts(folder / "data" / "hearts")
    shutil.move(folder / "made" / "sunnybrook", folder / "data" / "sunnybrook")
    shutil.copytree(EXAMPLE / "src", folder / "datasets")
    (folder / "hearts.yaml").write_text(GRID)
    (folder / "by-path.yaml").write_text(BY_PATH)
    return folder


def gridctl(lab: Path, path: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gridctl", *arguments],
        cwd=lab,
        env={**os.environ, "PYTHONPATH": path, "XDG_STATE_HOME": str(lab / "state")},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )


@pytest.mark.parametrize("name", ["hearts", "by-path"])
def test_it_is_trained_on_and_reported_for_each_of_its_structures(name: str, lab: Path, installed: Path) -> None:
    path = str(installed) if name == "hearts" else ""
    done = gridctl(lab, path, "submit", f"{name}.yaml")
    assert done.returncode == 0, done.stderr
    (spec,) = (lab / "runs" / name).glob("*/spec.json")
    assert json.loads(spec.read_text())["data"]["train"]["version"] == ("1" if name == "hearts" else "")
    (log,) = (lab / "runs" / name).glob("*/attempts/*.jsonl")
    recorded = json.loads(log.read_text().splitlines()[0])["plugins"]
    (own,) = (item for item in recorded if item["kind"] == "dataset" and "npz" in item["name"].lower())
    assert own["source_digest"]
    reported = gridctl(lab, path, "report", name)
    assert reported.returncode == 0, reported.stderr
    for words in ("validation soft Dice, left ventricle", "validation soft Dice, myocardium", "sunnybrook soft Dice"):
        assert words in reported.stdout
    assert "sunnybrook soft Dice, myocardium" not in reported.stdout, "nobody outlined it there"


def test_where_it_is_not_installed_the_message_says_what_to_do(lab: Path) -> None:
    done = gridctl(lab, "", "submit", "hearts.yaml", "--set", "name=elsewhere")
    assert done.returncode == 2
    assert "hearts.yaml:6: data.train.dataset: unknown dataset 'npz_hearts'" in done.stderr
    assert not (lab / "runs" / "elsewhere").exists()


def test_a_structure_that_it_does_not_label_is_refused(lab: Path, installed: Path) -> None:
    done = gridctl(lab, str(installed), "submit", "hearts.yaml", "--dry-run", "--set", "data.target=[right_ventricle]")
    assert done.returncode == 2
    assert "data.train, which is hearts in NumPy files, labels no structure 'right_ventricle'" in done.stderr
