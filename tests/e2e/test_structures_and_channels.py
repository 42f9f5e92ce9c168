"""Several structures and several input channels are trained through the command, scored and shown."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from tests.e2e.short_commands import Command, gridctl

__all__ = ["gridctl"]

DATASET = """\
import numpy as np
from gridctl_trainer.datasets.base import CaseFiles, labelled_volume

class TwoChannels:
    structures = ("left_ventricle", "myocardium")

    def cases(self, root):
        return [CaseFiles(path.stem, (path,)) for path in sorted(root.glob("*.npz"))]

    def read(self, case, frames, notice):
        (path,) = case.files
        with np.load(path) as arrays:
            images, labels = arrays["images"], arrays["labels"]
        names = {1: "left_ventricle", 2: "myocardium"}
        return labelled_volume(case.patient, images, labels, names, (1.5, 1.5, 8.0), path, path)
"""
NETWORK = """\
from torch import nn

class Single(nn.Conv2d):
    def __init__(self, in_channels, classes, side: int = 3):
        super().__init__(in_channels, classes, side, padding=side // 2)
"""
GRID = """\
name: tiny
plugin_path: [mine]
models:
  unet: {channels: [4, 8], batch_size: 4}
  gamma_net: {channels: [4, 8], down_fgru_kernels: [3, 1], up_fgru_kernels: [1], batch_size: 4}
  bare: {architecture: "nets:Single", side: 5, batch_size: 4}
train_ratios: [0.5]
seeds: [1]
data:
  train: {dataset: "hearts:TwoChannels", path: hearts}
  target: [left_ventricle, myocardium]
  size_px: 32
training: {epochs: 1, threads: 1}
compare: {model: gamma_net, against: unet}
"""
SCORES = {f"validation.{metric}.{of}" for metric in ("soft_dice", "bce") for of in ("left_ventricle", "myocardium")}


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    """Discs in rings, in two channels with different contrast."""
    (tmp_path / "hearts").mkdir()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "hearts.py").write_text(DATASET)
    (tmp_path / "mine" / "nets.py").write_text(NETWORK)
    rows, columns = np.mgrid[:40, :40]
    for number in range(4):
        distance = np.hypot(rows - 20, columns - 20)
        labels = np.where(distance < 5 + number, 1, np.where(distance < 9 + number, 2, 0))[None].repeat(2, 0)
        noise = np.random.default_rng(number).normal(0, 5, (2, 2, 40, 40))
        images = np.stack([np.array([50.0, 200.0, 90.0])[labels], np.array([20.0, 60.0, 180.0])[labels]], 1) + noise
        np.savez(tmp_path / "hearts" / f"p{number}.npz", images=images, labels=labels)
    (tmp_path / "tiny.yaml").write_text(GRID)
    return tmp_path


def test_every_model_trains_on_them_and_each_structure_has_its_scores(lab: Path, gridctl: Command) -> None:
    done = gridctl("submit", "tiny.yaml", "--json")
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["done"]) == 3
    assert gridctl("export", "tiny", "--table", "epochs", "-o", "epochs.csv").returncode == 0
    with (lab / "epochs.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["model"] for row in rows} == {"unet", "gamma_net", "bare"}
    assert rows[0].keys() >= SCORES
    assert all(float(row[score]) >= 0 for row in rows for score in SCORES)
    report = gridctl("report", "tiny")
    assert report.returncode == 0, report.stderr
    for structure in ("left ventricle", "myocardium"):
        assert f"validation Dice, {structure}" in report.stdout
    assert gridctl("report", "tiny", "--format", "html", "-o", "out").returncode == 0
    page = (lab / "out" / "report.html").read_text()
    assert "validation soft Dice, myocardium" in page


def test_a_set_with_other_channels_is_refused_before_training(lab: Path, gridctl: Command) -> None:
    (lab / "single").mkdir()
    for path in (lab / "hearts").glob("*.npz"):
        with np.load(path) as arrays:
            np.savez(lab / "single" / path.name, images=arrays["images"][:, 0], labels=arrays["labels"])
    other = 'data.external={other: {dataset: "hearts:TwoChannels", path: single}}'
    done = gridctl("submit", "tiny.yaml", "--set", other)
    assert done.returncode == 2, done.stderr
    assert "its images have 1 channel, those of data.train have 2" in " ".join(done.stderr.split())
    assert not list(lab.glob("runs/tiny/*/attempts"))
