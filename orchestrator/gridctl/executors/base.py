"""The interface of every executor, and what it reports about runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from gridctl.runs.shared_cause import SharedCause
from gridctl_trainer.contract.spec import RunSpec


@dataclass(frozen=True, slots=True)
class Activity:
    """What an executor knows about one run that the store does not.

    Attributes:
        active: Whether a process, a submission or a Job holds the run, running or waiting.
        failed: Whether the executor gave it up: out of retries, past its deadline.
        running: Whether an attempt executes right now.
        in_submission: Whether only a submission holds it, which starts no run that was cancelled.
        reason: Why it waits or failed, in the executor's words; empty if there is no reason.
        disruptions: Attempts ended by preemption, eviction or deletion, of those still remembered.
        started_at: When its attempt began, in seconds since the epoch; None if unknown.
        last_sign_at: When its attempt last made progress, in seconds since the epoch; None where only the store tells.
        usual_gap_seconds: The longest time between two such signs of this attempt; None before its first step.
        process_id: Process of the attempt on this machine; None if there is none or it is unknown.
        attempt_uid: Uid in the names of the attempt's objects; empty if unknown.
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
    """The outcome of the runs given to an executor.

    Attributes:
        done: Run ids finished while the command waited; empty for executors that do not wait.
        created: Run ids whose Jobs, or the like, were created.
        failed: Reasons of failures, by run id.
        resumable: Those of the failed runs that the next submission resumes without `--retry-failed`.
        cancelled: Run ids that `gridctl cancel` ended, or kept from being started.
        left: Run ids that another process or submission holds.
        interrupted: Whether the user stopped it; what is left can be resumed.
        unreachable: Whether a run counts as failed because the store could not be asked about it.
        not_started: Run ids that were held back because of `shared_cause`.
        shared_cause: Why the first runs failed, if all for one reason.
    """

    done: tuple[str, ...] = ()
    created: tuple[str, ...] = ()
    failed: Mapping[str, str] = field(default_factory=dict)
    resumable: tuple[str, ...] = ()
    cancelled: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    interrupted: bool = False
    unreachable: bool = False
    not_started: tuple[str, ...] = ()
    shared_cause: SharedCause | None = None


class Executor(Protocol):
    """Executes attempts of runs whose `spec.json` is in the store already: what every executor must provide.

    It is made as `Name(experiment, store)`. Optional abilities are listed in `gridctl.executors.capabilities`.
    Every method raises `UnreachableError` if its backend cannot be reached or refuses.
    """

    def observe(self, experiment: str) -> Mapping[str, Activity]:
        """What is known about an experiment's runs, by run id; one round of listing, not one call per run."""

    def start(self, runs: Sequence[RunSpec]) -> Outcome:
        """Start an attempt of each run; a run that is active already is left alone."""


class InterruptedPreflightError(Exception):
    """The user stopped a preflight; nothing was started."""
