"""What holds for every test."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# No test asserts a time; and in CI the same examples are tried each time.
settings.register_profile("gridctl", deadline=None, derandomize=bool(os.environ.get("CI")), print_blob=True)
settings.load_profile("gridctl")


@pytest.fixture(autouse=True)
def _own_state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing outside a test's own folders is read or written: neither locks, caches nor settings."""
    home = tmp_path_factory.mktemp("home")
    for variable in ("XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(variable, str(home / variable.lower()))
    for variable in (
        "GRIDCTL_STORE",
        "GRIDCTL_CACHE",
        "GRIDCTL_ATTEMPT_UID",
        "GRIDCTL_IMAGE",
        "GRIDCTL_GIT_SHA",
        "GRIDCTL_DEBUG",
    ):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.fixture
def project_root() -> Path:
    """The checkout."""
    return Path(__file__).parent.parent


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The faults of the fault runs, by kind."""
    from tests.e2e.faults.counted import SURVIVED

    if SURVIVED:
        terminalreporter.section(f"{SURVIVED.total()} faults")
        for kind, number in sorted(SURVIVED.items()):
            terminalreporter.write_line(f"{number:5d}  {kind.replace('_', ' ')}")
