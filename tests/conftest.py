"""Settings and fixtures for every test."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.forked_commands import ForkedCommand, forked_command

# Tests do not assert times, so there is no deadline, and in CI every run tries the same examples.
settings.register_profile("gridctl", deadline=None, derandomize=bool(os.environ.get("CI")), print_blob=True)
settings.load_profile("gridctl")


@pytest.fixture(autouse=True)
def _own_state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep tests from reading or writing locks, caches and settings outside their own folders."""
    home = tmp_path_factory.mktemp("home")
    for variable in ("XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(variable, str(home / variable.lower()))
    for variable in (
        "GRIDCTL_STORE",
        "GRIDCTL_CACHE",
        "GRIDCTL_ATTEMPT_UID",
        "GRIDCTL_GPUS",
        "GRIDCTL_IMAGE",
        "GRIDCTL_GIT_SHA",
        "GRIDCTL_DEBUG",
        "NVIDIA_VISIBLE_DEVICES",
    ):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def forked_gridctl() -> Iterator[ForkedCommand]:
    """Runs `gridctl` for many short calls, with one server for all tests of a worker."""
    with forked_command("gridctl") as command:
        yield command


@pytest.fixture(scope="session")
def forked_trainer() -> Iterator[ForkedCommand]:
    """Runs `gridctl-trainer` for many short calls, with one server for all tests of a worker."""
    with forked_command("gridctl-trainer") as command:
        yield command


LONGEST = (
    "cluster/test_training.py",
    "e2e/installed/test_own_model.py",
    "cluster/test_faults.py",
    "e2e/test_main_job.py",
    "cluster/test_documentation.py",
    "documented/test_documented_commands.py",
    "cluster/test_why_runs_wait_or_die.py",
    "e2e/test_standard_streams.py",
    "cluster/test_jobs.py",
    "e2e/stores/test_store_probe.py",
    "cluster/test_given_up.py",
    "e2e/test_resume.py",
    "cluster/test_data.py",
    "e2e/test_changed_epochs.py",
    "cluster/test_submission.py",
    "browser/test_page.py",
    "cluster/test_max_active.py",
    "e2e/local/test_machine_faults.py",
    "cluster/test_store_access.py",
    "e2e/local/test_only_a_result_is_believed.py",
    "cluster/test_access.py",
    "e2e/test_bad_input.py",
    "cluster/test_preflight.py",
    "e2e/jobs/test_hostile_templates.py",
    "cluster/test_watching.py",
    "e2e/faults/test_local_faults.py",
    "e2e/faults/test_store_faults.py",
    "e2e/scores/test_score.py",
    "e2e/local/test_same_run_elsewhere.py",
    "e2e/local/test_preflight.py",
    "e2e/states/test_states.py",
    "e2e/newcomer/test_completion.py",
    "e2e/places/test_locations.py",
    "unit/experiment/test_wording.py",
)
"""Test files that take long, even with few tests. They come first, so that no worker is left with one at the end.

Files that wait for pods alternate with files that keep a core busy.
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    tests = Counter(item.path for item in items)
    rank = {here / file: number for number, file in enumerate(LONGEST)}
    items.sort(key=lambda item: (rank.get(item.path, len(LONGEST)), -tests[item.path], item.path))


@pytest.fixture
def project_root() -> Path:
    """Root of the checkout."""
    return Path(__file__).parent.parent


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Number of faults in the fault runs, by kind."""
    from tests.e2e.faults.counted import SURVIVED

    if SURVIVED:
        terminalreporter.section(f"{SURVIVED.total()} faults")
        for kind, number in sorted(SURVIVED.items()):
            terminalreporter.write_line(f"{number:5d}  {kind.replace('_', ' ')}")
