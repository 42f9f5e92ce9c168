"""The state of every run, from what the store and the backend know."""

from __future__ import annotations

import platform
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gridctl.commands.progress.failure_reason import failure_reason
from gridctl.errors import Fault
from gridctl.executors.base import Activity
from gridctl.executors.registry import descriptor_of, open_executor
from gridctl.runs.silence import Silence
from gridctl.runs.standing import Standing, clock, standing_in_store, standing_without_backend
from gridctl.runs.state import RunState

if TYPE_CHECKING:
    from gridctl.collection.collect import Collected
    from gridctl.collection.gathered import Gathered
    from gridctl.commands.lookup.experiments import Found


def run_standings(
    collected: Collected | Gathered,
    activity: Mapping[str, Activity],
    now: float | None = None,
    *,
    here: str = "",
    experiment: str = "",
) -> dict[str, Standing]:
    """Where every wanted run stands, by run id.

    A result in the store is believed before anything else; then what the backend says;
    then what the store says of the newest attempt.

    Args:
        collected: What the store holds.
        activity: What the backend knows, by run id.
        now: Seconds since the epoch; by default the clock's.
        experiment: Its name, for suggested commands; empty for the one last submitted.
        here: Name of the only machine that the backend knows of; empty if it knows all.
    """
    now = time.time() if now is None else now
    standings = {}
    for row in collected.rows:
        run_id = str(row["run_id"])
        known = activity.get(run_id, Activity())
        if not known.active and run_id in collected.held:
            known = Activity(active=True, in_submission=True, reason=collected.held[run_id])
        standings[run_id] = _standing(row, known, now, here, experiment)
    return standings


def standings_now(found: Found, collected: Collected) -> tuple[dict[str, Standing] | None, str]:
    """The same, without failing if the backend cannot be asked.

    Args:
        found: The experiment.
        collected: What its store holds.

    Returns:
        By run id, None where only the store was asked; and why the backend was not, if it could not be.
    """
    if collected.runs["finished"].all():
        return None, ""
    try:
        activity = open_executor(found.backend, found.experiment, found.store).observe(found.experiment.name)
    except Fault as fault:
        return None, fault.problems[0].what
    return run_standings(collected, activity, here=machine_of(found.backend), experiment=found.experiment.name), ""


def machine_of(backend: str) -> str:
    """As `here` of `run_standings`."""
    return platform.node() if descriptor_of(backend).on_this_machine else ""


def _standing(run: Mapping[Any, Any], known: Activity, now: float, here: str, experiment: str) -> Standing:
    if run["finished"]:
        return Standing(RunState.DONE)
    if known.running:
        return _running(run, known, now, experiment)
    if known.active and not (known.in_submission and run["cancelled_at"] == run["cancelled_at"]):
        return Standing(RunState.QUEUED, known.reason)
    if known.failed:
        return Standing(RunState.FAILED, failure_reason(known.reason, str(run["message"] or "")))
    if here and run["last_host"] != here:
        return standing_without_backend(run, now)
    return standing_in_store(run)


def _running(run: Mapping[Any, Any], known: Activity, now: float, experiment: str) -> Standing:
    if known.last_sign_at is not None:
        silence = Silence.of_signs(known.last_sign_at, known.usual_gap_seconds, now)
    else:
        silence = Silence.of_log(run, now, known.started_at)
    if not silence.is_long:
        return Standing(RunState.RUNNING, known.reason)
    process = f" (process {known.process_id})" if known.process_id else ""
    cancel = " ".join(filter(None, ("gridctl cancel", experiment, "--run", str(run["run_id"]))))
    said = (
        f"{silence}, since {clock(silence.since)}{process}; look at `gridctl logs {run['run_id']}`; "
        f"`{cancel}` ends it, and submit goes on from its last checkpoint"
    )
    return Standing(RunState.STALLED, f"{known.reason}; {said}" if known.reason else said)
