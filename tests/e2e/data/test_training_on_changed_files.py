"""Training reports the volumes that it rescales, and does not start with labels on another grid."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from tests.e2e.conftest import Run
from tests.e2e.data.nifti_forms import affine, images, labels, patients_with, pixels

EXPERIMENT = """\
name: changed
models: {{unet: {{channels: [4, 8, 8], batch_size: 4}}}}
train_ratios: [0.5]
seeds: [1]
data: {{train: {{dataset: acdc, path: {root}}}, size_px: 32}}
training: {{epochs: 1}}
"""


def test_a_run_says_in_its_log_which_volumes_are_rescaled(small_set: Path, tmp_path: Path, gridctl: Run) -> None:
    scaled = pixels(lambda array: array / array.max())
    patients = patients_with(small_set, tmp_path / "set", {"scaled": scaled, "as published": lambda _: None})
    (tmp_path / "changed.yaml").write_text(EXPERIMENT.format(root=tmp_path / "set"))
    done = gridctl("submit", "changed.yaml")
    assert done.returncode == 0, done.stderr
    (run,) = json.loads(gridctl("status", "--json").stdout)["runs"]
    said = [line for line in gridctl("logs", run["run_id"]).stdout.splitlines() if "rescaled for CLAHE" in line]
    assert len(said) == 2
    for line, path in zip(said, images(tmp_path / "set" / patients["scaled"]), strict=True):
        assert f"{path}: rescaled for CLAHE (values 0 to 1 become 0 to 511)" in line


def test_labels_of_another_grid_are_named_before_anything_is_trained(
    small_set: Path, tmp_path: Path, gridctl: Run
) -> None:
    moved = affine(lambda matrix: matrix + 4 * np.eye(4, k=3))
    patients = patients_with(small_set, tmp_path / "set", {"moved": moved, "as published": lambda _: None})
    (tmp_path / "changed.yaml").write_text(EXPERIMENT.format(root=tmp_path / "set"))
    done = gridctl("submit", "changed.yaml")
    assert done.returncode == 2
    for path in labels(tmp_path / "set" / patients["moved"]):
        assert f"{path}: it is not on the grid of" in done.stderr
    assert "origin 6 mm away" in done.stderr
    assert not (tmp_path / "runs" / "changed").exists()
