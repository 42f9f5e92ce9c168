"""Why a pod runs although the store has nothing of it: it may wait for the store, which only its own log says."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from gridctl.executors.base import Activity, Executor
from gridctl.executors.capabilities import Prints
from gridctl.runs.standing import Standing
from gridctl_trainer.contract.errors import shortened

_SILENT_FOR_S: Final = 20.0
"""An attempt is in the store within seconds of its start."""
_ASKED: Final = 3
"""How many pods are asked: if one waits for the store, so do the others."""
_SHOWN_CHARACTERS: Final = 300
_STAMP: Final = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\S* [A-Z]+ ")


def explain_silent_starts(
    standings: Mapping[str, Standing],
    rows: Mapping[str, Mapping[Any, Any]],
    activity: Mapping[str, Activity],
    executor: Executor,
    now: float | None = None,
) -> dict[str, Standing]:
    """The same standings, with the last line of the log as the reason of attempts that have written nothing yet.

    Args:
        standings: By run id.
        rows: Of `Collected.runs`, by run id.
        activity: What the executor knows, by run id.
        executor: Asked for the logs of a few of them.
        now: Seconds since the epoch; by default the clock's.
    """
    now = time.time() if now is None else now
    silent = [
        run_id for run_id, known in activity.items() if run_id in standings and _is_silent(known, rows[run_id], now)
    ]
    explained = dict(standings)
    if not silent or not isinstance(executor, Prints):
        return explained
    for run_id, line in executor.last_lines(silent[:_ASKED]).items():
        before = standings[run_id]
        said = f"nothing of it is in the store yet; its log ends: {shortened(_STAMP.sub('', line), _SHOWN_CHARACTERS)}"
        explained[run_id] = replace(before, reason="; ".join(filter(None, (before.reason, said))))
    return explained


def _is_silent(known: Activity, row: Mapping[Any, Any], now: float) -> bool:
    if not (known.running and known.attempt_uid and known.started_at) or row["finished"]:
        return False
    return now - known.started_at > _SILENT_FOR_S and known.attempt_uid not in str(row["log"])
