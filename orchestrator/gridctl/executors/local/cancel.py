"""Ends trainers on this machine, whichever command started them."""

from __future__ import annotations

import contextlib
import logging
import os
import platform
import signal
import time
from collections.abc import Collection
from typing import Final

from gridctl.executors.local.lock_note import RunNote
from gridctl.executors.local.run_locks import RunLocks

_GRACE_S: Final = 60.0
"""A step may take long; one that hangs never ends."""
_POLL_S: Final = 0.2

_log = logging.getLogger(__name__)


def cancel_runs(locks: RunLocks, run_ids: Collection[str]) -> None:
    """Have trainers write a checkpoint and end, and wait for that; those that do not end in time are killed.

    Args:
        locks: The locks of runs.
        run_ids: The runs to end; their submission no longer starts any of them.
    """
    asked: dict[str, RunNote] = {}
    until = time.monotonic() + _GRACE_S
    while held := {run_id: note for run_id, note in locks.held().items() if run_id in run_ids}:
        for run_id, note in held.items():
            if note is not None and run_id not in asked:  # without a note its process is just being started
                asked[run_id] = note
                _ask_to_end(run_id, note)
        if all(note is not None and not note.is_here for note in held.values()):
            return
        if time.monotonic() > until:
            break
        time.sleep(_POLL_S)
    for run_id, left in held.items():
        if left is not None and left.is_here:
            _log.warning("%s has not ended within %.0f s: process %d is killed", run_id, _GRACE_S, left.process_id)
            _signal(left, signal.SIGKILL)


def _ask_to_end(run_id: str, note: RunNote) -> None:
    if not note.is_here:
        _log.warning("%s is trained on %s, not on %s: cancel it there as well", run_id, note.host, platform.node())
        return
    _signal(note, signal.SIGTERM)
    _signal(note, signal.SIGCONT)  # a stopped process would not receive it


def _signal(note: RunNote, number: signal.Signals) -> None:
    with contextlib.suppress(OSError):
        os.kill(note.process_id, number)
