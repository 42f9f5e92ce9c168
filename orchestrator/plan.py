"""What a submission has to do: pure, from what is wanted and what exists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from trainer.contract.spec import RunSpec


class RunState(StrEnum):
    """Where a run stands.

    `DONE` is believed of `result.json` alone. `ACTIVE` is held by a process or a Job, running
    or waiting. `FAILED` ended with an exit code that is not retried, or out of retries.
    `MISSING` is everything else: never begun, or interrupted and to be resumed.
    """

    DONE = "done"
    ACTIVE = "active"
    FAILED = "failed"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Plan:
    """What becomes of each wanted run.

    Attributes:
        create: Missing: begun, or resumed from their last checkpoint.
        skip: Done.
        leave: Active already.
        retry: Failed, and asked to be tried again.
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
        states: What exists, by run_id; a run that is not in it is missing.
        retry_failed: Whether failed runs are tried again.

    Returns:
        Every wanted run in exactly one of the plan's parts, order kept.
    """
    kept: dict[str, list[RunSpec]] = {part: [] for part in ("create", "skip", "leave", "retry", "failed")}
    failed = "retry" if retry_failed else "failed"
    part_of = {RunState.DONE: "skip", RunState.ACTIVE: "leave", RunState.FAILED: failed, RunState.MISSING: "create"}
    for run in wanted:
        kept[part_of[states.get(run.run_id, RunState.MISSING)]].append(run)
    return Plan(**{part: tuple(runs) for part, runs in kept.items()})
