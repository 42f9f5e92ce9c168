"""The example data set is installed as any package or named by its path, trained on and reported."""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path

import pytest

from tests.e2e.installed.examples import EXAMPLES, draw_hearts, install, runs_in

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
    """A folder into which pip has installed the example."""
    return install("own_dataset", tmp_path_factory.mktemp("example"))


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the experiments, with hearts as written by the example's own test."""
    folder = tmp_path_factory.mktemp("lab")
    draw_hearts(folder / "made", patients=2)
    spec = importlib.util.spec_from_file_location(
        "example_contract", EXAMPLES / "own_dataset" / "tests" / "test_contract.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.write_hearts(folder / "data" / "hearts")
    shutil.move(folder / "made" / "sunnybrook", folder / "data" / "sunnybrook")
    shutil.copytree(EXAMPLES / "own_dataset" / "src", folder / "datasets")
    (folder / "hearts.yaml").write_text(GRID)
    (folder / "by-path.yaml").write_text(BY_PATH)
    return folder


@pytest.mark.parametrize("name", ["hearts", "by-path"])
def test_it_is_trained_on_and_reported_for_each_of_its_structures(name: str, lab: Path, installed: Path) -> None:
    run = runs_in(lab, installed if name == "hearts" else None)
    done = run("-m", "gridctl", "submit", f"{name}.yaml")
    assert done.returncode == 0, done.stderr
    (spec,) = (lab / "runs" / name).glob("*/spec.json")
    assert json.loads(spec.read_text())["data"]["train"]["version"] == ("1" if name == "hearts" else "")
    (log,) = (lab / "runs" / name).glob("*/attempts/*.jsonl")
    recorded = json.loads(log.read_text().splitlines()[0])["plugins"]
    (own,) = (item for item in recorded if item["kind"] == "dataset" and "npz" in item["name"].lower())
    assert own["source_digest"]
    reported = run("-m", "gridctl", "report", name)
    assert reported.returncode == 0, reported.stderr
    for words in ("validation Dice, left ventricle", "validation Dice, myocardium", "sunnybrook Dice"):
        assert words in reported.stdout
    assert "sunnybrook soft Dice, myocardium" not in reported.stdout, "nobody outlined it there"


def test_where_it_is_not_installed_the_message_says_what_to_do(lab: Path) -> None:
    done = runs_in(lab, None)("-m", "gridctl", "submit", "hearts.yaml", "--set", "name=elsewhere")
    assert done.returncode == 2
    assert "hearts.yaml:6: data.train.dataset: unknown dataset 'npz_hearts'" in done.stderr
    assert not (lab / "runs" / "elsewhere").exists()


def test_a_structure_that_it_does_not_label_is_refused(lab: Path, installed: Path) -> None:
    done = runs_in(lab, installed)(
        "-m", "gridctl", "submit", "hearts.yaml", "--dry-run", "--set", "data.target=[right_ventricle]"
    )
    assert done.returncode == 2
    assert "data.train, which is hearts in NumPy files, labels no structure 'right_ventricle'" in done.stderr
