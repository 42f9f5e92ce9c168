"""Installs packages of `examples/` as their READMEs say, and makes a folder with data to try them in."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

EXAMPLES: Final = Path(__file__).parents[3] / "examples"

Run = Callable[..., "subprocess.CompletedProcess[str]"]
"""Runs Python with arguments."""


def install(name: str, folder: Path) -> Path:
    """Install an example with pip, and return the folder in which it lies."""
    source, target = folder / "source", folder / "site-packages"
    shutil.copytree(EXAMPLES / name, source, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    done = subprocess.run(
        [*pip, "--target", str(target), str(source)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return target


def draw_hearts(folder: Path, patients: int = 4) -> None:
    """Write a phantom into a folder."""
    sizes = ["--patients", str(patients), "--slices", "2"]
    command = [sys.executable, "-m", "gridctl_trainer", "data", "phantom", str(folder), *sizes]
    subprocess.run(command, check=True, capture_output=True, timeout=120)


def runs_in(folder: Path, installed: Path | None) -> Run:
    """Runs Python in a folder, with or without an example installed."""
    environment = {
        **{name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"},
        "PYTHONPATH": str(installed or ""),
        "XDG_STATE_HOME": str(folder / "state"),
        "XDG_CACHE_HOME": str(folder / "cache"),
    }

    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=280,
            check=False,
        )

    return command


def gridctl(run: Run, *arguments: str) -> str:
    """Run a command that must succeed, and return its output."""
    done = run("-m", "gridctl", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout
