"""What every backend can do; the commands know no more of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from gridctl.runs.shared_cause import SharedCause
from gridctl_trainer.contract.spec import RunSpec


@dataclass(frozen=True, slots=True)
class Activity:
    """What a backend knows of one run that the store does not.

    Attributes:
        active: Whether a process, a submission or a Job holds the run, running or waiting.
        failed: Whether the backend gave it up: out of retries, past its deadline.
        running: Whether an attempt executes right now.
        in_submission: Whether only a submission holds it, which starts no run that was cancelled.
        reason: Why it waits or failed, in the backend's words; empty if there is nothing to say.
        disruptions: Attempts ended by preemption, eviction or deletion, of those still remembered.
        started_at: When its attempt began, in seconds since the epoch; None if unknown.
        last_sign_at: When its attempt last made progress, in seconds since the epoch; None where only the store tells.
        usual_gap_seconds: The longest time between two such signs of this attempt; None before its first step.
        process_id: Of the attempt on this machine; None if it is not one, or unknown.
        attempt_uid: That of the attempt's objects in the store; empty if unknown.
    """

    active: bool = False
    failed: bool = False
    running: bool = False
    in_submission: bool = False
    reason: str = ""
    disruptions: int = 0
    started_at: float | None = None
    last_sign_at: float | None = None
    usual_gap_seconds: float | None = None
    process_id: int | None = None
    attempt_uid: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the runs handed to a backend.

    Attributes:
        done: Run ids finished while the command waited; empty for backends that do not wait.
        created: Run ids handed over.
        failed: Why, by run id.
        cancelled: Run ids that `gridctl cancel` ended, or kept from being started.
        left: Run ids that somebody else holds.
        interrupted: Whether the user stopped it; what is left can be resumed.
        unreachable: Whether a run counts as failed because the store could not be asked about it.
        not_started: Run ids that were held back because of `shared_cause`.
        shared_cause: Why the first runs failed, if all for one reason.
    """

    done: tuple[str, ...] = ()
    created: tuple[str, ...] = ()
    failed: Mapping[str, str] = field(default_factory=dict)
    cancelled: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    interrupted: bool = False
    unreachable: bool = False
    not_started: tuple[str, ...] = ()
    shared_cause: SharedCause | None = None


class Backend(Protocol):
    """Executes attempts of runs whose `spec.json` is in the store already.

    Every method raises `UnreachableError` when the place cannot be reached or refuses.
    """

    def observe(self, experiment: str) -> Mapping[str, Activity]:
        """What is known of an experiment's runs, by run id; one round of listing, not a call a run."""

    def start(self, runs: Sequence[RunSpec]) -> Outcome:
        """Start an attempt of each run; a run that is active already is left alone."""

    def cancel(self, run_ids: Sequence[str] | None = None) -> tuple[str, ...]:
        """Have attempts make a checkpoint and end.

        Args:
            run_ids: Of this experiment; None for all of them.

        Returns:
            Runs that were active.
        """


@runtime_checkable
class Renders(Protocol):
    """A backend that hands documents over, and can show them before it does."""

    def manifests(self, runs: Sequence[RunSpec]) -> Sequence[Mapping[str, Any]]:
        """What `start` would hand over, checked.

        Raises:
            InputError: It would not be valid: every mistake at once.
        """


class Live(Protocol):
    """An experiment that is followed."""

    @property
    def problem(self) -> str:
        """Why what `observe` gives may be old; empty if it is fresh."""

    def observe(self) -> Mapping[str, Activity]:
        """What is known of its runs now, by run id."""


@runtime_checkable
class Followed(Protocol):
    """A backend that can tell of changes, so that it need not be asked again and again."""

    def follow(self, experiment: str) -> AbstractContextManager[Live]:
        """Follow an experiment until the context ends."""


@runtime_checkable
class Prints(Protocol):
    """A backend whose attempts print to a place that it can look at before the store has anything of them."""

    def last_lines(self, run_ids: Sequence[str]) -> Mapping[str, str]:
        """The last line that each run's newest attempt has printed, by run id; without those that cannot be read."""
