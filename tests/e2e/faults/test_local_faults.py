"""Hundreds of faults on this machine, with fixed seeds, neither lose nor repeat epochs nor change a bit of weights."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from tests.e2e.faults import local
from tests.e2e.faults.child import ChildFault
from tests.e2e.faults.local import Range

KILLED, STOPPED, FAILED = -signal.SIGKILL, 143, 1

KINDS: list[tuple[Callable[[Random], ChildFault], set[int], int, int]] = [
    (local.sigkill_between_steps, {KILLED}, 4, 30),
    (local.sigkill_at_a_file, {KILLED}, 6, 40),
    (local.sigterm, {STOPPED}, 3, 25),
    (local.sigterm_then_sigkill, {KILLED, STOPPED}, 2, 12),
    (local.sigterm_twice, {STOPPED}, 2, 8),
    (local.disk_full, {FAILED}, 2, 15),
]
"""For each kind of fault: possible exit codes, number in CI, and number in a full run."""


@pytest.mark.parametrize(("fault", "ends", "times", "_all"), KINDS, ids=[kind.__name__ for kind, *_ in KINDS])
def test_a_few(fault: Callable[[Random], ChildFault], ends: set[int], times: int, _all: int, range_: Range) -> None:
    range_.hurt(times, Random(f"{fault.__name__} few"), fault, ends)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("fault", "ends", "_few", "times"), KINDS, ids=[kind.__name__ for kind, *_ in KINDS])
def test_many(
    fault: Callable[[Random], ChildFault],
    ends: set[int],
    _few: int,
    times: int,
    range_: Range,
) -> None:
    range_.hurt(times, Random(f"{fault.__name__} many"), fault, ends)


@pytest.mark.parametrize("times", [1, pytest.param(10, marks=[pytest.mark.slow, pytest.mark.timeout(900)])])
def test_two_attempts_alive(times: int, range_: Range) -> None:
    local.stopped_node(range_, times + times // 2, Random(f"partition {times}"))
    local.two_at_once(range_, times, Random(f"two {times}"))


@pytest.mark.parametrize("times", [1, pytest.param(10, marks=[pytest.mark.slow, pytest.mark.timeout(900)])])
def test_a_full_file_system(times: int, range_: Range, tmp_path: Path) -> None:
    for mounted in local.mounts(tmp_path / "small"):
        local.full_file_system(range_, mounted, times, Random(f"tmpfs {times}"))
        return
    pytest.skip("mounting a tmpfs is not allowed here: run as root")
