"""`gridctl cancel`: stop active runs; what they have trained so far is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gridctl.commands.lookup.experiments import Found
from gridctl.errors import InputError
from gridctl.executors.base import Executor
from gridctl.executors.capabilities import Cancels, CancelsAll
from gridctl.executors.registry import open_executor
from gridctl.runs.cancellation import end_submissions, note_cancelled
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.host.background import Background


@dataclass(frozen=True, slots=True)
class Cancelled:
    """What was stopped.

    Attributes:
        run_ids: Runs that were active.
        problem: Why the store could not record it, so that they count as interrupted; empty if it could.
    """

    run_ids: tuple[str, ...]
    problem: str = ""


def cancel(found: Found, runs: Sequence[RunSpec] | None = None) -> Cancelled:
    """Stop an experiment, or some of its runs. Their trainers write a checkpoint first.

    It is recorded in the store, so that every backend and machine knows it, before anything is stopped: a submission
    that has not started a run yet skips it. If all of it is cancelled, a submission that still creates Jobs ends; an
    executor that needs no more than that stops the runs while the record of each is written.

    Args:
        found: The experiment.
        runs: Some of its runs; None for all.

    Raises:
        InputError: The executor cannot stop what is active.
        UnreachableError: The cluster cannot be reached, or refuses.
    """
    executor = open_executor(found.backend, found.experiment, found.store)
    name = found.experiment.name
    active = _active(executor, name, runs)
    if active and not isinstance(executor, Cancels):
        what = f"the executor '{found.backend}' cannot stop {active[0]}"
        raise InputError(what, where=name, fix="stop the submit command that trains it")
    problem = end_submissions(found.store, name) if runs is None else ""
    noted = Background(lambda: note_cancelled(found.store, name, active, found.experiment.uploads_at_once))
    stopped: Sequence[str] = ()
    if runs is None and isinstance(executor, CancelsAll):
        executor.cancel_all()
        problem = noted.result() or problem
    else:
        problem = noted.result() or problem
        if isinstance(executor, Cancels):
            stopped = executor.cancel(None if runs is None else [run.run_id for run in runs])
    return Cancelled(tuple(dict.fromkeys([*active, *stopped])), problem)


def _active(executor: Executor, experiment: str, runs: Sequence[RunSpec] | None) -> list[str]:
    """Active runs of an experiment, or those among some of its runs."""
    if isinstance(executor, CancelsAll):
        found = executor.active()
    else:
        found = [run_id for run_id, known in executor.observe(experiment).items() if known.active]
    wanted = None if runs is None else {run.run_id for run in runs}
    return [run_id for run_id in found if wanted is None or run_id in wanted]
