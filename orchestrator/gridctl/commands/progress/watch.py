"""`gridctl status --watch`: refreshes the status until nothing is active."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from gridctl.commands.lookup.experiments import Found
from gridctl.commands.progress.status import Status, read_status
from gridctl.errors import UnreachableError
from gridctl.executors.capabilities import Follows, LiveView
from gridctl.executors.registry import open_executor
from gridctl.runs.state import ACTIVE
from gridctl_trainer.contract.errors import StoreError

_SHORTEST_PAUSE_S: Final = 2.0
_PAUSE_PER_READING: Final = 4.0
"""Listing a large store takes at most a fifth of the time."""
_SHARE_OF_A_CORE: Final = 0.03
"""Most that reading and showing take of a processor core while nobody waits for it."""


@dataclass(frozen=True, slots=True)
class StatusReading:
    """What is known at one moment.

    Attributes:
        status: Of the experiment.
        problem: Why it may be out of date; empty if it is not.
    """

    status: Status
    problem: str = ""


def watch(found: Found) -> Iterator[StatusReading]:
    """The status of an experiment every few seconds, through outages, until nothing is active.

    A cluster is listed once and then watched.

    Raises:
        Fault: The store or the backend could not be reached the first time.
    """
    with contextlib.ExitStack() as stack:
        executor = open_executor(found.backend, found.experiment, found.store)
        live: LiveView | None = None
        if isinstance(executor, Follows):
            live = stack.enter_context(executor.follow(found.experiment.name))
        status = None
        busy_s = time.process_time()
        while True:
            began = time.monotonic()
            try:
                status = read_status(found, live.observe() if live else None, executor)
                problem = live.problem if live else ""
            except (StoreError, UnreachableError) as fault:
                if status is None:
                    raise
                problem = str(fault).splitlines()[0]
            yield StatusReading(status, problem)
            if not (problem or any(status.totals[state] for state in ACTIVE)):
                return
            took_s, before_s, busy_s = time.monotonic() - began, busy_s, time.process_time()
            quiet_s = (busy_s - before_s) / _SHARE_OF_A_CORE - took_s
            time.sleep(max(_SHORTEST_PAUSE_S, _PAUSE_PER_READING * took_s, quiet_s))
