"""Fixtures to call `gridctl-trainer data` as users do, on a small synthetic set."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Trainer = Callable[..., "subprocess.CompletedProcess[str]"]
Checked = dict[str, dict[str, Any]]

OPTIONS = ("--patients", "2", "--generalisation-patients", "2", "--slices", "2", "--seed", "3")


def run_trainer(*arguments: str | Path, prefix: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """Run `gridctl-trainer ARGUMENTS`, which must never print a traceback."""
    command = [*prefix, sys.executable, "-P", "-m", "gridctl_trainer", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    assert "a bug in" not in done.stderr, done.stderr
    return done


def check(root: Path, exit_code: int = 0) -> Checked:
    """Findings of `data check --json`, by patient."""
    done = run_trainer("data", "check", root, "--json")
    assert done.returncode == exit_code, done.stderr + done.stdout
    return {patient["patient"]: patient for found in json.loads(done.stdout) for patient in found["patients"]}


@pytest.fixture(scope="session")
def small_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two patients in ACDC's format and two in Sunnybrook's; tests must not change them."""
    folder = tmp_path_factory.mktemp("data") / "set"
    assert run_trainer("data", "phantom", folder, *OPTIONS).returncode == 0
    return folder


@pytest.fixture(scope="session")
def checked(small_set: Path) -> Checked:
    """Findings of `data check` for this set."""
    return check(small_set)


@pytest.fixture
def own_set(small_set: Path, tmp_path: Path) -> Path:
    """A copy of the set, which tests may change."""
    return Path(shutil.copytree(small_set, tmp_path / "set"))


@pytest.fixture
def without_rights() -> tuple[str, ...]:
    """Prefix of a command that makes permission bits effective even if root calls it."""
    if os.geteuid() != 0:
        return ()
    if not (setpriv := shutil.which("setpriv")):
        pytest.skip("root reads everything: run the tests as another user, or install setpriv (util-linux)")
    return (setpriv, "--bounding-set=-dac_override,-dac_read_search")
