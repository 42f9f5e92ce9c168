"""The wheel holds everything that the commands need far from a checkout, as `pip install gridctl` leaves it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.installed.wheel import ROOT, copy_sources, install_wheel

GRID = """
name: tiny
models: {unet: {channels: [4, 8, 8]}, wide: {architecture: unet, channels: [8, 8, 8]}}
train_ratios: [0.5]
seeds: [1]
data: {train: {dataset: acdc, path: data/acdc}, size_px: 32}
training: {epochs: 1, threads: 1}
compare: {model: wide, against: unet}
"""


@pytest.fixture(scope="module")
def site_packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The content of a wheel that is built from a copy of the sources."""
    source = tmp_path_factory.mktemp("wheel") / "source"
    copy_sources(source)
    installed = install_wheel(source)
    shutil.rmtree(source)
    return installed


def test_no_module_has_a_common_name(site_packages: Path) -> None:
    names = {path.name for path in site_packages.iterdir() if not path.name.endswith(".dist-info")}
    assert names == {"gridctl", "gridctl_trainer", "gridctl_start.py"}


def test_the_files_that_users_edit_come_along(site_packages: Path) -> None:
    shared = site_packages / "gridctl" / "shared_files"
    for name in ("k8s", "experiments"):
        wanted = {path.relative_to(ROOT) for path in (ROOT / name).rglob("*") if path.is_file()}
        assert {path.relative_to(shared) for path in (shared / name).rglob("*") if path.is_file()} == wanted


def run(site_packages: Path, program: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """A command of this installation, with its own entry point and other libraries from where they lie."""
    start = site_packages / "gridctl_start.py"
    code = f"import sys; sys.path.insert(0, {str(site_packages)!r}); from gridctl_start import {program}; {program}()"
    assert start.is_file()
    return subprocess.run(
        [sys.executable, "-P", "-c", code, *arguments],
        cwd=cwd,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_a_grid_from_the_data_to_the_report(site_packages: Path, tmp_path: Path) -> None:
    made = run(site_packages, "trainer", "data", "phantom", "data", "--patients", "4", "--slices", "2", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    (tmp_path / "tiny.yaml").write_text(GRID)
    for arguments in (["submit", "tiny.yaml"], ["status"], ["report", "--significance"]):
        done = run(site_packages, "gridctl", *arguments, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    log = next(tmp_path.rglob("attempts/*.jsonl"))
    assert json.loads(log.read_text().splitlines()[0])["git_sha"] == ""  # not the commit of the checkout


def test_a_job_from_the_template_of_the_wheel(site_packages: Path, tmp_path: Path) -> None:
    (tmp_path / "tiny.yaml").write_text(GRID)
    options = ["--set", "backend=kubernetes", "--set", "kubernetes.image=x:1"]
    options += ["--set", "store=s3://bucket/runs", "--set", "data.train.path=s3://bucket/acdc"]
    done = run(site_packages, "gridctl", "render", "tiny.yaml", *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "kind: Job" in done.stdout
