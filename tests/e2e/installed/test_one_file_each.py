"""A model, data set, metric or step needs one new file and one line of registration; an executor needs one folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import numpy as np
import pytest

from tests.e2e.installed.wheel import copy_sources, install_wheel

MODEL = '''\
"""A single convolution."""
from pydantic import Field
from gridctl_trainer.plugins.model import ModelDescriptor, ModelOptions

class Options(ModelOptions):
    """Its options.

    Attributes:
        side: Of the kernel in px, odd.
    """

    side: int = Field(3, ge=1, le=9)

def build(options, in_channels, classes):
    from torch import nn
    return nn.Conv2d(in_channels, classes, options.side, padding=options.side // 2)

SINGLE = ModelDescriptor(summary="a single convolution", options=Options, build="gridctl_trainer.models.single:build")
'''
DATASET = '''\
"""Discs."""
import numpy as np
from gridctl_trainer.datasets.base import CaseFiles, labelled_volume
from gridctl_trainer.plugins.dataset import DatasetDescriptor

class Discs:
    structures = ("left_ventricle",)

    def cases(self, root):
        return [CaseFiles(path.stem, (path,)) for path in sorted(root.glob("*.npy"))]

    def read(self, case, frames, notice):
        (path,) = case.files
        labels = np.load(path)
        images = labels * 100.0 + np.random.default_rng(1).normal(0, 5, labels.shape)
        names = {1: "left_ventricle"}
        return labelled_volume(case.patient, images, labels, names, (1.5, 1.5, 8.0), path, path)

def make(_options):
    return Discs()

DISCS = DatasetDescriptor(
    summary="discs", title="discs", structures=("left_ventricle",), build="gridctl_trainer.datasets.discs:make"
)
'''
METRIC = '''\
"""Pixels that are wrong."""
from gridctl_trainer.metrics.base import MetricDescriptor

def wrong(images):
    return (images.predicted != images.truth).float().flatten(1).mean(1)

WRONG = MetricDescriptor(
    label="share of wrong pixels", definition="pixels whose label is wrong", higher_is_better=False, low=0, high=1,
    function=wrong,
)
'''
STEP = '''\
"""A square root."""
import numpy as np
from gridctl_trainer.plugins.step import StepDescriptor, StepOptions

def apply(image, options):
    return np.sqrt(np.abs(image)).astype(np.float32)

ROOT = StepDescriptor(summary="the square root", options=StepOptions, apply=apply, before=("gaussian",))
'''
PLUGINS: Final = {
    "models": ("single", "SINGLE", MODEL),
    "datasets": ("discs", "DISCS", DATASET),
    "metrics": ("wrong", "WRONG", METRIC),
    "preprocessing": ("root", "ROOT", STEP),
}
GRID = """\
name: tiny
models: {single: {side: 5}, wider: {architecture: single, side: 7}}
train_ratios: [0.5]
seeds: [1]
data: {train: {dataset: discs, path: discs}, size_px: 32, preprocessing: {root: true, clahe: false}}
training: {epochs: 1, threads: 1}
metrics: [wrong, soft_dice]
compare: {model: wider, against: single, metrics: [validation.wrong]}
"""


def files_of(folder: Path) -> dict[str, str]:
    found = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(folder).as_posix(): path.read_text(errors="replace") for path in found}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources with one more file of each kind, and one line of registration for each."""
    source = tmp_path_factory.mktemp("copy") / "source"
    copy_sources(source)
    before = files_of(source)
    project = source / "pyproject.toml"
    for kind, (name, registered, text) in PLUGINS.items():
        (source / "trainer" / "gridctl_trainer" / kind / f"{name}.py").write_text(text)
        heading = f'[project.entry-points."gridctl.{kind}"]\n'
        assert heading in project.read_text()
        line = f'{name} = "gridctl_trainer.{kind}.{name}:{registered}"\n'
        project.write_text(project.read_text().replace(heading, heading + line))
    after = files_of(source)
    assert len(after) - len(before) == len(PLUGINS), "one new file each"
    changed = [name for name, text in before.items() if after[name] != text]
    assert changed == ["pyproject.toml"]
    lines = len(after["pyproject.toml"].splitlines()) - len(before["pyproject.toml"].splitlines())
    assert lines == len(PLUGINS), "one line each"
    return source


@pytest.fixture(scope="module")
def site_packages(source: Path) -> Path:
    """The unpacked wheel of the copy."""
    return install_wheel(source)


def test_all_four_train_and_are_reported(site_packages: Path, tmp_path: Path) -> None:
    (tmp_path / "discs").mkdir()
    rows, columns = np.mgrid[:40, :40]
    for number in range(4):
        disc = (np.hypot(rows - 20, columns - 20) < 6 + number).astype(np.uint8)
        np.save(tmp_path / "discs" / f"p{number}.npy", np.stack([disc, disc]))
    (tmp_path / "tiny.yaml").write_text(GRID)

    def gridctl(*arguments: str) -> str:
        environment = {**os.environ, "PYTHONPATH": str(site_packages), "XDG_STATE_HOME": str(tmp_path / "state")}
        command = [sys.executable, "-m", "gridctl", *arguments]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=250, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert len(json.loads(gridctl("submit", "tiny.yaml", "--json"))["done"]) == 2
    report = json.loads(gridctl("report", "--significance", "--format", "json"))
    assert [row["metric"] for row in report["comparisons"]] == ["validation.wrong.left_ventricle"]
    (attempt, *_) = sorted((tmp_path / "runs" / "tiny").glob("*/attempts/*.jsonl"))
    used = {(plugin["kind"], plugin["name"]) for plugin in json.loads(attempt.read_text().splitlines()[0])["plugins"]}
    assert {("model", "single"), ("dataset", "discs"), ("metric", "wrong"), ("preprocessing step", "root")} <= used
