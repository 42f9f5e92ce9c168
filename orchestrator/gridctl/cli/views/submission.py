"""What `gridctl submit` and `retry` say before and after a submission."""

from __future__ import annotations

from collections import Counter

from gridctl.commands.submission.submit import Prepared
from gridctl.executors.base import Outcome
from gridctl.runs.state import ACTIVE, RunState
from gridctl.terminal.console import count


def plan_line(prepared: Prepared) -> str:
    """What is to be done with each run of the grid."""
    plan = prepared.plan
    begun = Counter(prepared.standings[run.run_id].state for run in plan.create)
    held = Counter(prepared.standings[run.run_id].state for run in plan.leave)
    said = [
        (begun[RunState.NOT_STARTED], "to start"),
        (begun[RunState.INTERRUPTED], "interrupted, to resume"),
        (begun[RunState.CANCELLED], "cancelled, to resume"),
        (begun[RunState.RUNNING], "running on another machine, to take over"),
        (len(plan.retry), "failed, to retry"),
        (len(plan.skip), "done already"),
        *((held[state], f"{state.label} already") for state in ACTIVE),
        (len(plan.failed), "failed (--retry-failed tries again)"),
    ]
    runs = count(len(prepared.experiment.runs), "run")
    parts = ", ".join(f"{number} {what}" for number, what in said if number)
    return f"{prepared.experiment.name}: {runs}: {parts}; store {prepared.store.url}"


def holder_lines(prepared: Prepared) -> list[str]:
    """Each reason why a run is left alone, once."""
    held = (prepared.standings[run.run_id] for run in prepared.plan.leave)
    reasons = Counter((known.state.label, known.reason) for known in held if known.reason)
    return [f"  {number} {label}: {reason}" for (label, reason), number in reasons.items()]


def held_back_line(prepared: Prepared, outcome: Outcome, named: str) -> str:
    """Why some runs were not started, and what to do."""
    cause, held = outcome.shared_cause, len(outcome.not_started)
    assert cause is not None
    on_cluster = prepared.descriptor.hands_over
    why = str(cause) if on_cluster else str(cause).partition(":")[0]  # each failure was reported already
    stopping = f"; gridctl cancel{named} stops those that are active" if on_cluster else ""
    return (
        f"stopped: {why}\n  {held} more {'was' if held == 1 else 'were'} not started{stopping}\n"
        "  once that is fixed, the same command with --retry-failed starts all of them"
    )


def summary_line(prepared: Prepared, outcome: Outcome, took: str) -> str:
    """How many runs ended how, and how long that took; on a cluster, what was created."""
    plan = prepared.plan
    held_back = len(outcome.cancelled) + len(outcome.left) + len(outcome.not_started)
    done_before = (len(plan.skip), "done before")
    if unit := prepared.descriptor.hands_over:
        waiting = len(plan.to_do) - len(outcome.created) - len(outcome.failed) - held_back
        made = count(len(outcome.created), unit) + " created"
        said = [
            (len(outcome.failed), "refused"),
            (waiting, "not created"),
            (len(plan.leave), "active before"),
            done_before,
        ]
    else:
        interrupted = len(plan.to_do) - len(outcome.done) - len(outcome.failed) - held_back
        made = count(len(outcome.done), "run") + " done"
        said = [(len(outcome.failed), "failed"), (interrupted, "interrupted or not started"), done_before]
    said += [
        (len(outcome.cancelled), "cancelled"),
        (len(outcome.not_started), "held back"),
        (len(plan.failed), "failed before"),
    ]
    parts = [made, *(f"{number} {what}" for number, what in said if number)]
    return f"{prepared.experiment.name}: {', '.join(parts)}; {took}"
