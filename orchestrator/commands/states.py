"""Where every run stands, from what the store and the backend know."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from orchestrator.backends.port import Activity
from orchestrator.commands.failure_reason import failure_reason
from orchestrator.run_state import RunState
from orchestrator.silence import Silence
from orchestrator.standing import Standing, clock, standing_in_store

if TYPE_CHECKING:
    from orchestrator.collect import Collected


def run_standings(
    collected: Collected, activity: Mapping[str, Activity], now: float | None = None
) -> dict[str, Standing]:
    """Where every wanted run stands, by run id.

    A result in the store is believed before anything else; then what the backend says;
    then what the store says of the newest attempt.

    Args:
        collected: What the store holds.
        activity: What the backend knows, by run id.
        now: Seconds since the epoch; by default the clock's.
    """
    now = time.time() if now is None else now
    return {
        str(row["run_id"]): _standing(row, activity.get(str(row["run_id"]), Activity()), now)
        for row in collected.runs.to_dict("records")
    }


def _standing(run: Mapping[Any, Any], known: Activity, now: float) -> Standing:
    if run["finished"]:
        return Standing(RunState.DONE)
    if known.running:
        return _running(run, known, now)
    if known.active and not (known.in_submission and run["cancelled_at"] == run["cancelled_at"]):
        return Standing(RunState.QUEUED, known.reason)
    if known.failed:
        return Standing(RunState.FAILED, failure_reason(known.reason, str(run["message"] or "")))
    return standing_in_store(run)


def _running(run: Mapping[Any, Any], known: Activity, now: float) -> Standing:
    if known.last_sign_at is not None:
        silence = Silence.of_signs(known.last_sign_at, known.usual_gap_seconds, now)
    else:
        silence = Silence.of_log(run, now, known.started_at)
    if not silence.is_long:
        return Standing(RunState.RUNNING, known.reason)
    process = f" (process {known.process_id})" if known.process_id else ""
    said = (
        f"{silence}, since {clock(silence.since)}{process}; look at `gridctl logs {run['run_id']}`; "
        f"`gridctl cancel --run {run['run_id']}` ends it, and submit goes on from its last checkpoint"
    )
    return Standing(RunState.STALLED, f"{known.reason}; {said}" if known.reason else said)
