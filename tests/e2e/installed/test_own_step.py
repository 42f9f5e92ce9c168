"""The example step is installed or named by its path, trained with, and identified by its code."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.e2e.installed.examples import EXAMPLES, Run, draw_hearts, install, runs_in

GRID = """\
name: tiny
models: {unet: {channels: [4, 8]}, wide: {architecture: unet, channels: [8, 8]}}
train_ratios: [0.5]
ablations: [none, no_clip_outliers]
seeds: [1]
data:
  train: {dataset: acdc, path: data/acdc}
  size_px: 32
  preprocessing: {clip_outliers: {upper: 99.5}}
training: {epochs: 1, threads: 1}
compare: {model: wide, against: unet}
"""
ONE = GRID.replace("[none, no_clip_outliers]", "[none]").replace(", wide: {architecture: unet, channels: [8, 8]}", "")
ONE = ONE.partition("compare")[0]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which pip has installed the example."""
    return install("own_step", tmp_path_factory.mktemp("example"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the experiments, with data."""
    folder = tmp_path_factory.mktemp("lab")
    draw_hearts(folder / "data")
    (folder / "tiny.yaml").write_text(GRID)
    return folder


@pytest.fixture
def run(site: Path, folder: Path) -> Run:
    """Runs a module as a command in the experiments' folder, with the example installed."""
    return runs_in(folder, site)


def test_a_grid_is_trained_with_it_and_without_and_its_code_is_told(run: Run, folder: Path, site: Path) -> None:
    submitted = run("-m", "gridctl", "submit", "tiny.yaml")
    assert submitted.returncode == 0, submitted.stderr
    assert "4 runs done" in submitted.stderr
    assert {path.name for path in (folder / "cache").glob("**/packs/*/acdc-*") if path.is_dir()} >= {"acdc-32px"}
    for log in folder.glob("runs/tiny/*/attempts/*.jsonl"):
        used = {item["name"]: item for item in json.loads(log.read_text().splitlines()[0])["plugins"]}
        assert ("clip_outliers" in used) == ("no-clip-outliers" not in str(log))
        assert "clip_outliers" not in used or used["clip_outliers"]["distribution"] == "gridctl-own-step"
    report = run("-m", "gridctl", "report", "--significance")
    assert "no_clip_outliers" in report.stdout
    assert "differ in the code" not in report.stdout
    elsewhere = runs_in(folder, None)("-m", "gridctl", "report", "tiny", "--significance", "--store", "runs")
    assert elsewhere.stdout == report.stdout, elsewhere.stderr

    with (site / "own_step" / "clip.py").open("a") as file:
        file.write("# its author changed it\n")
    shutil.rmtree(next(folder.glob("runs/tiny/tiny-wide-r50-none-*")))
    again = run("-m", "gridctl", "submit", "tiny.yaml", "--no-verify")
    assert "note: 1 finished run was made by other code of the preprocessing step 'clip_outliers': " in again.stderr
    assert "under another name: --set name=tiny-2" in again.stderr
    report = " ".join(run("-m", "gridctl", "report", "--significance").stdout.split())
    assert "warning: the code of the preprocessing step 'clip_outliers' changed between runs" in report
    left_out = "warning: wide against unet: 1 pair is left out: they differ in the code of the preprocessing step"
    assert left_out in report
    kept = " ".join(run("-m", "gridctl", "report", "--significance", "--keep-differing-pairs").stdout.split())
    assert left_out not in kept
    assert "1 pair does not compare like with like, and is tested as asked for: they differ in the code" in kept
    dropped = json.loads(run("-m", "gridctl", "report", "--significance", "--json").stdout)["dropped_pairs"]
    assert [pair["cause"] for pair in dropped] == ["code"]


def test_it_is_named_by_its_path_as_well(folder: Path) -> None:
    run = runs_in(folder, None)
    shutil.copytree(EXAMPLES / "own_step" / "src", folder / "steps")
    by_path = ONE.replace("clip_outliers: {upper: 99.5}", '"own_step.clip:CLIP_OUTLIERS": {upper: 99.5}')
    (folder / "by-path.yaml").write_text(by_path.replace("name: tiny", "name: by-path\nplugin_path: [steps]"))
    done = run("-m", "gridctl", "submit", "by-path.yaml", "--no-verify")
    assert done.returncode == 0, done.stderr
    (folder / "wrong.yaml").write_text((folder / "by-path.yaml").read_text().replace("upper: 99.5", "uper: 99.5"))
    wrong = run("-m", "gridctl", "submit", "wrong.yaml", "--store", "wrong")
    assert wrong.returncode == 2
    assert "own_step.clip:CLIP_OUTLIERS.uper: unknown option" in wrong.stderr
    assert not list(folder.glob("wrong/*/*/attempts"))


def test_what_it_must_not_return_is_said_once_before_training(folder: Path) -> None:
    run = runs_in(folder, None)
    (folder / "bad.py").write_text("def nan(image):\n    return image * float('nan')\n")
    bad = ONE.replace("clip_outliers: {upper: 99.5}", '"bad:nan": true')
    (folder / "bad.yaml").write_text(bad.replace("name: tiny", "name: bad\nplugin_path: [.]"))
    done = run("-m", "gridctl", "submit", "bad.yaml")
    assert done.returncode == 2
    assert done.stderr.count("the preprocessing step 'bad:nan' returned values that are NaN or infinite") == 1
    assert not list(folder.glob("runs/bad/*/attempts"))


def test_the_command_imports_none_of_what_it_needs(run: Run) -> None:
    """A laptop without torch and OpenCV can check the step's options."""
    heavy = ("torch", "cv2", "nibabel", "pydicom")
    script = (
        "import sys; from gridctl.experiment import load_experiment; from pathlib import Path; "
        f"load_experiment(Path('tiny.yaml')); print([name for name in {heavy} if name in sys.modules])"
    )
    assert run("-c", script).stdout.strip() == "[]"


@pytest.mark.slow
def test_it_keeps_what_every_step_promises(run: Run, site: Path) -> None:
    suite = run("-m", "pytest", "-q", "-p", "no:cacheprovider", str(site.parent / "source"))
    assert suite.returncode == 0, suite.stdout
    assert "9 passed" in suite.stdout
