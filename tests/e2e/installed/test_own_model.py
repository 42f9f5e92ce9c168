"""The example model is installed as any package or named by its path, and trained beside ours."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.e2e.installed.examples import EXAMPLES, Run, draw_hearts, gridctl, install, runs_in

GRID = """\
name: tiny
models:
  unet: {channels: [4, 8]}
  res_unet: {width: 4, batch_size: 4}
train_ratios: [0.5]
seeds: [1]
data: {train: {dataset: acdc, path: data/acdc}, size_px: 32}
training: {epochs: 1, threads: 1}
compare: {model: res_unet, against: unet}
"""
ONE = GRID.replace("  unet: {channels: [4, 8]}\n", "").partition("compare")[0]
BY_PATH = ONE.replace("res_unet: {", 'res_unet: {architecture: "own_model.network:ResUNet", ').replace(
    "name: tiny", "name: by-path\nplugin_path: [nets]"
)
HEAVY = ("torch", "cv2", "nibabel", "pydicom", "own_model.network")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which pip has installed the example."""
    return install("own_model", tmp_path_factory.mktemp("example"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the experiments, with data."""
    folder = tmp_path_factory.mktemp("lab")
    draw_hearts(folder / "data")
    (folder / "tiny.yaml").write_text(GRID)
    (folder / "by-path.yaml").write_text(BY_PATH)
    return folder


@pytest.fixture(scope="module")
def run(installed: Path, folder: Path) -> Run:
    """Runs Python in the experiments' folder, with the example installed."""
    return runs_in(folder, installed)


@pytest.fixture(scope="module")
def trained(run: Run) -> Sequence[str]:
    """The trained runs of the grid."""
    done: list[str] = json.loads(gridctl(run, "submit", "tiny.yaml", "--json"))["done"]
    return done


@pytest.fixture
def bare(folder: Path) -> Run:
    """The same without the example installed."""
    return runs_in(folder, None)


def plugin_of(folder: Path, experiment: str, model: str) -> dict[str, str]:
    """What an attempt recorded about its model."""
    (log,) = (folder / "runs" / experiment).glob(f"{experiment}-{model}-*/attempts/*.jsonl")
    recorded = json.loads(log.read_text().splitlines()[0])["plugins"]
    (plugin,) = (item for item in recorded if item["kind"] == "model")
    return dict(plugin)


def test_a_grid_with_it_is_trained_and_reported(run: Run, folder: Path, trained: Sequence[str]) -> None:
    assert len(trained) == 2
    (spec,) = (folder / "runs" / "tiny").glob("tiny-res-unet-*/spec.json")
    network = json.loads(spec.read_text())["network"]
    assert network == {"architecture": "res_unet", "options": {"width": 4}, "execution": {}}
    plugin = plugin_of(folder, "tiny", "res-unet")
    assert (plugin["name"], plugin["distribution"], plugin["version"]) == ("res_unet", "gridctl-res-unet", "0.1.0")
    assert len(plugin["source_digest"]) == 64
    assert "res_unet" in gridctl(run, "report", "tiny", "--significance")
    for form in ("markdown", "json", "html"):
        gridctl(run, "report", "tiny", "--significance", "--format", form, "-o", form)
        written = [path.read_text() for path in (folder / form).iterdir() if path.suffix in (".md", ".json", ".html")]
        assert any("res_unet" in text.replace("\\", "") for text in written), form


def test_whoever_has_not_installed_it_reads_what_it_trained(run: Run, bare: Run, trained: Sequence[str]) -> None:
    for command in (("status", "tiny"), ("report", "tiny", "--significance")):
        assert gridctl(bare, *command) == gridctl(run, *command)
    refused = bare("-m", "gridctl", "submit", "tiny.yaml")
    assert refused.returncode == 2
    assert "tiny.yaml:4: models.res_unet: unknown model 'res_unet'" in refused.stderr
    assert len(trained) == 2


def test_named_by_its_path_it_need_not_be_installed(bare: Run, folder: Path) -> None:
    shutil.copytree(EXAMPLES / "own_model" / "src", folder / "nets", dirs_exist_ok=True)
    assert len(json.loads(gridctl(bare, "submit", "by-path.yaml", "--json"))["done"]) == 1
    plugin = plugin_of(folder, "by-path", "res-unet")
    assert (plugin["name"], plugin["distribution"]) == ("own_model.network:ResUNet", "")
    assert len(plugin["source_digest"]) == 64
    assert "res_unet" in gridctl(bare, "report", "by-path")


def test_options_of_a_bare_class_are_checked_before_anything_is_done(bare: Run, folder: Path) -> None:
    shutil.copytree(EXAMPLES / "own_model" / "src", folder / "nets", dirs_exist_ok=True)
    text = BY_PATH.replace("by-path", "wrong").replace("width: 4", "widht: 4, depth: deep, classes: 2")
    (folder / "wrong.yaml").write_text(text.replace("size_px: 32", "size_px: 30"))
    done = bare("-m", "gridctl", "submit", "wrong.yaml")
    assert done.returncode == 2
    for said in (
        "wrong.yaml:4: models.res_unet.widht: unknown key 'widht'\n  did you mean 'width'?",
        "wrong.yaml:4: models.res_unet.depth: expected a whole number, got 'deep'",
        "wrong.yaml:4: models.res_unet.classes: classes is given by gridctl, from the data\n  leave it out",
    ):
        assert said in done.stderr
    assert not (folder / "runs" / "wrong").exists()


def test_one_that_is_nowhere_is_said_where_it_is_trained(bare: Run, folder: Path) -> None:
    (folder / "nowhere.yaml").write_text(BY_PATH.replace("own_model", "their_model").replace("by-path", "nowhere"))
    done = bare("-m", "gridctl", "submit", "nowhere.yaml")
    assert done.returncode == 2
    assert "nowhere.yaml:4: models.res_unet.architecture: " in done.stderr
    assert "No module named 'their_model'" in done.stderr
    assert len(done.stderr.splitlines()) == 2
    assert not (folder / "runs" / "nowhere").exists()


def test_logits_of_a_wrong_shape_are_said_before_training_with_both_shapes(bare: Run, folder: Path) -> None:
    (folder / "nets").mkdir(exist_ok=True)
    (folder / "nets" / "halved.py").write_text(
        "from torch import nn\n\n\nclass Halved(nn.Module):\n    def __init__(self, in_channels, classes):\n"
        "        super().__init__()\n        self.conv = nn.Conv2d(in_channels, classes, 2, stride=2)\n\n"
        "    def forward(self, images):\n        return self.conv(images)\n"
    )
    text = BY_PATH.replace("own_model.network:ResUNet", "halved:Halved").replace("width: 4, ", "")
    (folder / "halved.yaml").write_text(text.replace("by-path", "halved"))
    done = bare("-m", "gridctl", "submit", "halved.yaml")
    assert done.returncode == 2
    assert "halved:Halved returns logits (4, 1, 16, 16) for images (4, 1, 32, 32), not (4, 1, 32, 32)" in done.stderr
    assert not (folder / "runs" / "halved").exists()


@pytest.mark.usefixtures("trained")
def test_submitting_and_reporting_import_neither_torch_nor_readers_of_images(run: Run) -> None:
    for arguments in (("submit", "tiny.yaml", "--dry-run"), ("report", "tiny", "--significance"), ("schema",)):
        code = (
            f"import sys; sys.argv = ['gridctl', *{arguments!r}]\n"
            "from gridctl.cli.main import main\n"
            "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
            f"sys.exit(', '.join(name for name in {HEAVY!r} if name in sys.modules) or None)"
        )
        done = run("-c", code)
        assert done.returncode == 0, (arguments, done.stderr)


def test_editors_and_the_trainer_know_it(run: Run) -> None:
    models = json.loads(gridctl(run, "schema"))["properties"]["models"]["anyOf"][0]["properties"]
    assert {"res_unet", "unet"} <= models.keys()
    described = run("-m", "gridctl_trainer", "describe", "res_unet", "--set", "width=4", "--size-px", "32")
    assert described.returncode == 0, described.stderr
    assert "parameters" in described.stdout
    by_path = run("-m", "gridctl_trainer", "describe", "own_model.network:ResUNet", "--set", "width=4", "--json")
    assert json.loads(by_path.stdout)["architecture"] == "own_model.network:ResUNet"
    misspelt = run("-m", "gridctl_trainer", "describe", "res_unet", "--set", "widht=4")
    assert misspelt.returncode == 2
    assert "--set widht: unknown option" in misspelt.stderr


@pytest.mark.slow
def test_it_keeps_what_every_model_promises(run: Run, installed: Path) -> None:
    suite = run("-m", "pytest", "-q", "-p", "no:cacheprovider", str(installed.parent / "source"))
    assert suite.returncode == 0, suite.stdout
    assert "22 passed" in suite.stdout
