"""What a submission has to do, from what is wanted and what exists. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gridctl.runs.state import RunState
from gridctl_trainer.contract.spec import RunSpec


@dataclass(frozen=True, slots=True)
class Plan:
    """What is done with each wanted run.

    Attributes:
        create: Not held: started, or resumed from their last checkpoint.
        skip: Done.
        leave: Running, queued or stalled: held by a process or a Job.
        retry: Failed, and to be retried.
        failed: Failed, and waiting for `--retry-failed`.
    """

    create: tuple[RunSpec, ...] = ()
    skip: tuple[RunSpec, ...] = ()
    leave: tuple[RunSpec, ...] = ()
    retry: tuple[RunSpec, ...] = ()
    failed: tuple[RunSpec, ...] = ()

    @property
    def to_do(self) -> tuple[RunSpec, ...]:
        """The runs to start now."""
        return self.create + self.retry


def plan(wanted: Sequence[RunSpec], states: Mapping[str, RunState], *, retry_failed: bool = False) -> Plan:
    """Decide what a submission does.

    Args:
        wanted: The grid, in the order in which runs are started.
        states: What exists, by run_id; a run that is not in it was not started.
        retry_failed: Whether failed runs are tried again.

    Returns:
        Every wanted run in exactly one of the plan's parts, order kept.
    """
    kept: dict[str, list[RunSpec]] = {part: [] for part in ("create", "skip", "leave", "retry", "failed")}
    failed = "retry" if retry_failed else "failed"
    for run in wanted:
        kept[_part(states.get(run.run_id, RunState.NOT_STARTED), failed)].append(run)
    return Plan(**{part: tuple(runs) for part, runs in kept.items()})


def _part(state: RunState, failed: str) -> str:
    if state.is_active:
        return "leave"
    return {RunState.DONE: "skip", RunState.FAILED: failed}.get(state, "create")
