"""The real commands as subprocesses, on a synthetic set that they wrote themselves."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]

EXPERIMENT = """\
name: tiny
models:
  unet: {{channels: [4, 8, 8], batch_size: 4}}
  gamma_net: {{channels: [4, 6, 8], down_fgru_kernels: [5, 3, 1], up_fgru_kernels: [1, 1], batch_size: 4}}
train_ratios: [0.5]
seeds: [1, 2, 3]
data: {{acdc: {phantom}/acdc, sunnybrook: {phantom}/sunnybrook, size_px: 32}}
training: {{epochs: 3, checkpoint_every_epochs: 2}}
compare: {{model: gamma_net, against: unet}}
"""


@pytest.fixture(scope="session")
def phantom(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A synthetic set: six patients to train and validate on, two to generalise to."""
    folder = tmp_path_factory.mktemp("data") / "phantom"
    options = ["--patients", "6", "--generalisation-patients", "2", "--seed", "7"]
    subprocess.run([sys.executable, "-m", "trainer", "data", "phantom", str(folder), *options], check=True)
    return folder


@pytest.fixture
def experiment(tmp_path: Path, phantom: Path) -> Path:
    """A small experiment file in a folder of its own."""
    path = tmp_path / "tiny.yaml"
    path.write_text(EXPERIMENT.format(phantom=phantom))
    return path


@pytest.fixture
def gridctl(tmp_path: Path) -> Run:
    """Runs `gridctl` in the test's folder."""

    def run(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "orchestrator.cli", *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
            env={**os.environ, **options.get("env", {})},  # type: ignore[dict-item]
        )

    return run
