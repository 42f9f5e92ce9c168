"""Waits for another process: for a condition, and for the files that it writes."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


def wait_for(condition: Callable[[], T], seconds: float = 90, every_seconds: float = 0.1) -> T:
    """Wait until the condition returns something true, and return that.

    A condition that takes long, such as a command, is asked less often. So most of the processor is left to others.
    """
    until = time.monotonic() + seconds
    while True:
        asked = time.monotonic()
        if value := condition():
            return value
        now = time.monotonic()
        assert now < until, f"waited {seconds} s in vain"
        time.sleep(max(every_seconds, min(3 * (now - asked), 2)))


def files_matching(folder: Path, pattern: str) -> set[Path]:
    """List the files in a folder to which another process writes, and in which it may delete folders meanwhile."""
    while True:
        try:
            return set(folder.glob(pattern))
        except FileNotFoundError:
            continue
