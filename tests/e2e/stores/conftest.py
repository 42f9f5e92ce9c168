"""Fixtures for stores that lack something that a run needs, as users meet them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]

ONE_RUN = """\
name: tiny
models: {{unet: {{channels: [4, 8, 8], batch_size: 4}}}}
train_ratios: [0.5]
seeds: [1]
data: {{train: {{dataset: acdc, path: {phantom}/acdc}}, size_px: 32}}
training: {{epochs: 1}}
"""


@pytest.fixture
def one_run(tmp_path: Path, phantom: Path) -> Path:
    """An experiment with one run, which trains for one epoch."""
    path = tmp_path / "tiny.yaml"
    path.write_text(ONE_RUN.format(phantom=phantom))
    return path


@pytest.fixture
def trainer(tmp_path: Path) -> Run:
    """Runs `gridctl-trainer` in the test's folder."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "gridctl_trainer", *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False)

    return run
