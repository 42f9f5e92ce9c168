"""The states of a run, with their order, meaning and colour: one definition for every place that shows them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class RunState(StrEnum):
    """Where a run stands, in the order in which states are shown. The values are those of JSON."""

    DONE = "done"
    RUNNING = "running"
    QUEUED = "queued"
    STALLED = "stalled"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    CANCELLED = "cancelled"
    NOT_STARTED = "not_started"

    @property
    def label(self) -> str:
        """The state as shown to people."""
        return self.value.replace("_", " ")

    @property
    def css(self) -> str:
        """Class of the page's style sheets."""
        return self.value.replace("_", "-")

    @property
    def is_active(self) -> bool:
        """Whether a process, a submission or a Job holds the run: a new submission leaves it alone."""
        return self in ACTIVE

    @property
    def colour(self) -> str:
        """Its colour on a terminal."""
        return _COLOURS[self]


ACTIVE: Final = (RunState.RUNNING, RunState.QUEUED, RunState.STALLED)
"""Held by a process, a submission or a Job."""

TO_SUBMIT: Final = (RunState.INTERRUPTED, RunState.CANCELLED, RunState.NOT_STARTED)
"""Nobody holds them: the next submission starts or resumes them."""

MEANING: Final[Mapping[RunState, str]] = {
    RunState.DONE: "trained to its last epoch; its valid result is in the store",
    RunState.RUNNING: "a process or a pod trains it",
    RunState.QUEUED: "held by a submission or a Job that has not started it yet",
    RunState.STALLED: "a process or a pod holds it, but has made no progress for many times its usual",
    RunState.FAILED: "ended by an error; `gridctl retry` tries it again",
    RunState.INTERRUPTED: "stopped or killed; the same `gridctl submit` command resumes it from its last checkpoint",
    RunState.CANCELLED: "stopped by `gridctl cancel`; the same `gridctl submit` command resumes it",
    RunState.NOT_STARTED: "no attempt was made; the same `gridctl submit` command starts it",
}

_COLOURS: Final[Mapping[RunState, str]] = {
    RunState.DONE: "green",
    RunState.RUNNING: "cyan",
    RunState.QUEUED: "blue",
    RunState.STALLED: "magenta",
    RunState.FAILED: "red",
    RunState.INTERRUPTED: "yellow",
    RunState.CANCELLED: "yellow",
    RunState.NOT_STARTED: "bright_black",
}
