"""Builds the wheel of a copy of the sources, and unpacks it as an installation does."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[3]
_SOURCES: Final = ("orchestrator", "trainer", "k8s", "experiments", "pyproject.toml", "README.md", "LICENSE")


def copy_sources(to: Path) -> None:
    """Copy everything from which the wheel is built into a new folder."""
    to.mkdir()
    for name in _SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, to / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, to)


def install_wheel(source: Path) -> Path:
    """Build the wheel of a copy of the sources, and return the folder beside it with the wheel's content."""
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(source.parent)]
    subprocess.run(build, cwd=source, check=True, capture_output=True, timeout=120)
    (wheel,) = source.parent.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(source.parent / "site-packages")
    return source.parent / "site-packages"
