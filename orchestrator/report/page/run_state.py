"""Where each run stands, as the store alone can tell."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from trainer.contract import exit_codes


class State(StrEnum):
    """Where a run stands. The store cannot tell a process that lives from one that was killed."""

    DONE = "done"
    BEGUN = "under way"
    STOPPED = "stopped"
    FAILED = "failed"
    MISSING = "missing"


CSS: Final[Mapping[State, str]] = {
    State.DONE: "done",
    State.BEGUN: "begun",
    State.STOPPED: "stopped",
    State.FAILED: "failed",
    State.MISSING: "missing",
}

MEANING: Final[Mapping[State, str]] = {
    State.DONE: "trained to its last epoch",
    State.BEGUN: "begun and without a last word: training, or killed",
    State.STOPPED: "stopped with a checkpoint; a submission resumes it",
    State.FAILED: "ended by an error, named in the table of runs",
    State.MISSING: "not begun",
}


def state_of(run: Mapping[str, Any]) -> State:
    """Where a run stands.

    Args:
        run: A row of `Collected.runs`.
    """
    if run["finished"]:
        return State.DONE
    if not run["attempts"]:
        return State.MISSING
    code = run["exit_code"]
    if code != code:  # NaN: the newest attempt has said nothing
        return State.BEGUN
    return State.STOPPED if code == exit_codes.STOPPED else State.FAILED
