"""Where every run stands, from what the store and the backend know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from orchestrator.backends.port import Activity
from orchestrator.plan import RunState
from trainer.contract import exit_codes

if TYPE_CHECKING:
    from orchestrator.collect import Collected


def run_states(collected: Collected, activity: Mapping[str, Activity]) -> dict[str, RunState]:
    """Where every wanted run stands.

    A result in the store is believed before anything else; then what the backend says;
    then the last words of the newest attempt. A run that was stopped or killed is missing:
    the next submission resumes it.

    Args:
        collected: What the store holds.
        activity: What the backend knows, by run id.
    """
    states = {}
    for row in collected.runs.itertuples():
        run_id = str(row.run_id)
        known = activity.get(run_id, Activity())
        if row.finished:
            states[run_id] = RunState.DONE
        elif known.active:
            states[run_id] = RunState.ACTIVE
        elif known.failed or row.exit_code in (exit_codes.BUG, *exit_codes.NEVER_RETRIED):
            states[run_id] = RunState.FAILED
        else:
            states[run_id] = RunState.MISSING
    return states
