"""Fixtures for an experiment file for Kubernetes, whose Jobs `gridctl render` shows without a cluster."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.conftest import Run

EXPERIMENT = """\
name: demo
models: {unet: {}}
train_ratios: [0.5]
seeds: [1]
data: {train: {dataset: acdc, path: /data/acdc}}
backend: kubernetes
store: s3://bucket/runs
kubernetes:
  image: gridctl-trainer:1
"""
FIRST_LINE = EXPERIMENT.count("\n") + 1
"""Line of the file at which a test adds to the `kubernetes` section."""

TEMPLATE = Path(__file__).parents[3] / "k8s" / "templates" / "job.yaml.j2"

Render = Callable[[str], Any]


@pytest.fixture
def render(gridctl: Run, tmp_path: Path) -> Render:
    """Run `gridctl render` on an experiment with additional lines in its `kubernetes` section."""

    def run(more: str) -> Any:
        (tmp_path / "experiment.yaml").write_text(EXPERIMENT + more)
        return gridctl("render", "experiment.yaml")

    return run


@pytest.fixture
def container(render: Render) -> Callable[[str], dict[str, Any]]:
    """The container of the rendered Job."""

    def of(more: str) -> dict[str, Any]:
        done = render(more)
        assert done.returncode == 0, done.stderr
        (made,) = yaml.safe_load(done.stdout)["spec"]["template"]["spec"]["containers"]
        return dict(made)

    return of


def changed_template(folder: Path, old: str, new: str) -> Path:
    """Copy the built-in template with a replacement in one place."""
    text = TEMPLATE.read_text(encoding="utf-8")
    assert old in text
    path = folder / "mine.yaml.j2"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path
