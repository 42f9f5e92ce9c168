from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gridctl.experiment import load_experiment
from gridctl_trainer.contract.spec import RunSpec
from tests.e2e.faults.counted import SURVIVED
from tests.e2e.faults.local import Range
from tests.e2e.faults.promises import Undisturbed
from tests.e2e.faults.undisturbed import undisturbed_run

EXPERIMENT = """\
name: faults
models: {{unet: {{channels: [4, 8], batch_size: 2}}}}
train_ratios: [0.5]
seeds: [1]
data:
  train: {{dataset: acdc, path: {phantom}/acdc}}
  external: {{sunnybrook: {{dataset: sunnybrook, path: {phantom}/sunnybrook}}}}
  size_px: 32
training: {{epochs: 5, checkpoint_every_epochs: 2}}
"""


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunSpec:
    """A run that takes a second: 32 px, few images, five epochs, checkpoints after every second epoch and the last."""
    phantom = tmp_path_factory.mktemp("data") / "phantom"
    options = ["--patients", "2", "--generalisation-patients", "1", "--seed", "7"]
    subprocess.run([sys.executable, "-m", "gridctl_trainer", "data", "phantom", str(phantom), *options], check=True)
    path = tmp_path_factory.mktemp("experiment") / "faults.yaml"
    path.write_text(EXPERIMENT.format(phantom=phantom))
    return load_experiment(path).runs[0]


@pytest.fixture(scope="session")
def undisturbed(run: RunSpec, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    return undisturbed_run(run, tmp_path_factory.mktemp("undisturbed"))


@pytest.fixture
def range_(run: RunSpec, undisturbed: Undisturbed, tmp_path: Path) -> Iterator[Range]:
    range_ = Range(run, undisturbed, tmp_path)
    yield range_
    SURVIVED.update(range_.counted)
