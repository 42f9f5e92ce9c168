"""From a prepared submission to runs that train: shared by `submit`, `retry` and `gridctl.api`."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from gridctl.commands.submission.specification_upload import SpecificationUpload
from gridctl.commands.submission.submit import Prepared, add_to_history
from gridctl.errors import InputError
from gridctl.executors.base import Outcome
from gridctl.executors.capabilities import ChecksStart, Preflights, ShowsStart, StartOptions, StartsAsWritten
from gridctl.executors.registry import descriptor_of
from gridctl.experiment import Experiment
from gridctl.submissions.being_checked import checking
from gridctl.submissions.submitted_experiments import remember
from gridctl.submissions.submitted_runs import remember_runs
from gridctl.terminal import console
from gridctl_trainer.contract.errors import StoreError
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.probe import probe

_OTHER_LIMIT: Final[Mapping[str, tuple[str, str]]] = {
    "--max-active": ("a cluster runs as many at once as it has room for", "limit them with --max-active"),
    "--workers": ("there are no Jobs on this machine", "limit its runs with --workers"),
}
"""By the limit that an executor takes: what to say about the other one."""


@dataclass(frozen=True, slots=True)
class SubmitResult:
    """The outcome of a submission.

    Attributes:
        prepared: The plan, and what the store held before.
        outcome: Which of the runs are done, created or failed, and why.
        took_seconds: Time to start them; if the executor waits for them, to train them.
        remembered: Whether commands in this folder find the experiment without its store.
    """

    prepared: Prepared = field(repr=False)
    outcome: Outcome
    took_seconds: float
    remembered: bool

    @property
    def ok(self) -> bool:
        """Whether no run failed, now or before, and none was interrupted, cancelled or held back."""
        ended, plan = self.outcome, self.prepared.plan
        return not (ended.failed or ended.cancelled or ended.not_started or ended.interrupted or plan.failed)


def require_known_limits(experiment: Experiment, workers: int | None, max_active: int | None) -> None:
    """Refuse a limit that the executor would ignore, or that lets nothing run.

    Raises:
        InputError: It is one of another executor's, or below 1.
    """
    taken = descriptor_of(experiment.backend, experiment).at_once
    for option, value in (("--workers", workers), ("--max-active", max_active)):
        if value is not None and option != taken:
            otherwise = f"the executor '{experiment.backend}' has no such limit", "leave it out"
            what, fix = _OTHER_LIMIT.get(taken, otherwise)
            raise InputError(what, where=option, fix=fix)
        if value is not None and value < 1:
            raise InputError(f"{value} at once would run nothing", where=option, fix="give 1 or more")


def carry_out(
    prepared: Prepared,
    *,
    workers: int | None = None,
    max_active: int | None = None,
    reuse_epochs: bool = False,
    verify: bool = True,
) -> SubmitResult:
    """Check what the runs need, write their specifications and start them.

    Args:
        prepared: What is to be done.
        workers: Runs at once on this machine; None for as many as its cores hold.
        max_active: Jobs active at once on a cluster; None for all.
        reuse_epochs: Whether runs go on from the checkpoints of runs that differ in the number of epochs alone.
        verify: Whether to find out first that the runs can train here or, on a cluster, reach the store.

    Raises:
        InputError: Some run would fail: every reason at once. Nothing was started.
        StoreError: The store cannot be reached, or refuses to be written to.
        UnreachableError: The cluster cannot be reached.
        InterruptedPreflightError: The user stopped it before the first run was started.
    """
    experiment, runs = prepared.experiment, prepared.plan.to_do
    if runs:
        _check(prepared, verify=verify)
    with SpecificationUpload(prepared, reuse_epochs=reuse_epochs) as upload:
        if not isinstance(prepared.executor, StartsAsWritten):
            upload.begin()
            upload.finish()
        add_to_history(prepared)
        if problem := remember(experiment.name, prepared.store.url, experiment.backend):
            console.say(f"note: this folder cannot remember the experiment: {problem}")
        else:
            remember_runs(experiment.name, (run.run_id for run in experiment.runs))
        began = time.monotonic()
        outcome = _start(prepared, StartOptions(workers, max_active, tried=verify), upload)
    return SubmitResult(prepared, outcome, time.monotonic() - began, remembered=not problem)


def _check(prepared: Prepared, *, verify: bool) -> None:
    """Find out why runs could not train before anything is written, trained or paid for."""
    executor, runs = prepared.executor, prepared.plan.to_do
    if isinstance(executor, ChecksStart):
        for check in executor.check_start(runs, verify=verify):
            console.say("\n  ".join([f"note: {check.name}: {check.says}", *check.fix.splitlines()]))
    probe(prepared.store, prepared.experiment.name)
    if verify and isinstance(executor, Preflights):
        with checking(prepared.experiment.name, prepared.store.url):
            executor.preflight(runs)


def _start(prepared: Prepared, options: StartOptions, upload: SpecificationUpload) -> Outcome:
    runs = prepared.plan.to_do
    if not runs:
        return Outcome()
    if isinstance(prepared.executor, StartsAsWritten):
        return _start_as_written(prepared.executor, runs, options, upload)
    if isinstance(prepared.executor, ShowsStart):
        return prepared.executor.start_shown(runs, options)
    return prepared.executor.start(runs)


def _start_as_written(
    executor: StartsAsWritten, runs: Sequence[RunSpec], options: StartOptions, upload: SpecificationUpload
) -> Outcome:
    outcome = Outcome()
    upload.begin()
    try:
        outcome = executor.start_as_written(runs, options, upload.wait_for)
        if outcome.interrupted:
            upload.stop()
        else:
            upload.finish()  # also those of runs that were held back
    except StoreError:
        console.say("note: runs whose specifications were in the store are started; the same command starts the others")
        raise
    except KeyboardInterrupt:
        upload.stop()
        return replace(outcome, interrupted=True)
    return outcome
