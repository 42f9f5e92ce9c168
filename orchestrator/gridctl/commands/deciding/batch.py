"""Some seeds trained to their end: started or left to whoever holds them, watched, and stopped early if asked."""

from __future__ import annotations

import contextvars
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from gridctl.collection.collect import Collected, collect
from gridctl.commands.cancel import cancel
from gridctl.commands.lookup.experiments import Found
from gridctl.commands.progress.states import machine_of, run_standings
from gridctl.commands.submission.carry_out import carry_out
from gridctl.commands.submission.missing_runs import Plan
from gridctl.commands.submission.submit import Prepared
from gridctl.errors import InputError
from gridctl.executors.base import Outcome
from gridctl.executors.registry import open_executor
from gridctl.runs.standing import Standing
from gridctl.runs.state import ACTIVE, RunState
from gridctl.terminal import console
from gridctl_trainer.contract.errors import Fault
from gridctl_trainer.contract.spec import RunSpec

POLL_SECONDS: Final = 5.0

Watch = Callable[[Collected], bool]
"""Is shown the store while runs train, and says whether to stop them."""


@dataclass(frozen=True, slots=True)
class BatchOptions:
    """How the runs of seeds are started; as of `carry_out`."""

    workers: int | None = None
    max_active: int | None = None
    verify: bool = True


@dataclass(slots=True)
class Batch:
    """What became of some seeds.

    Attributes:
        stopped: Whether the watch stopped them.
        cancelled: Run ids that were stopped then.
        failed: Run ids and why.
        interrupted: Whether the user, or another command, ended it before its runs were done.
        unreachable: Whether a run counts as failed because the store could not be asked about it.
    """

    stopped: bool = False
    cancelled: tuple[str, ...] = ()
    failed: dict[str, str] = field(default_factory=dict)
    interrupted: bool = False
    unreachable: bool = False


def train_seeds(prepared: Prepared, seeds: Sequence[int], options: BatchOptions, watch: Watch) -> Batch:
    """Train all runs of some seeds, wherever they execute, and wait for their end.

    Args:
        prepared: The submission of the whole grid.
        seeds: Those to be trained.
        options: How.
        watch: Is asked now and then.

    Raises:
        InputError: As of `carry_out`.
        StoreError: The store cannot be reached.
        UnreachableError: The place where runs execute cannot be reached.
    """
    wanted = {run.run_id for run in prepared.experiment.runs if run.seed in set(seeds)}
    plan = prepared.plan
    of_seeds = Plan(
        **{part: _only(getattr(plan, part), wanted) for part in ("create", "skip", "leave", "retry", "failed")}
    )
    batch = Batch(failed={run.run_id: _why_failed(prepared, run) for run in of_seeds.failed})
    if batch.failed:
        return batch
    with _Watcher(prepared, wanted, watch) as watcher:
        result = carry_out(
            replace(prepared, plan=of_seeds),
            workers=options.workers,
            max_active=options.max_active,
            verify=options.verify,
        )
    batch.stopped, batch.cancelled = watcher.stopped, watcher.cancelled
    _note(batch, result.outcome)
    if not (batch.stopped or batch.failed or batch.interrupted):
        _wait(prepared, wanted, watch, batch)
    return batch


def stop_pending(found: Found, runs: Sequence[RunSpec]) -> tuple[str, ...]:
    """Cancel those of some runs that somebody still trains or will train; returns which they were."""
    try:
        stopped = cancel(found, runs)
    except InputError as error:
        console.say(f"note: what is pending goes on: {error.problems[0].what}")
        return ()
    if stopped.problem:
        console.say(f"note: the store could not note what was cancelled: {stopped.problem}")
    wanted = {run.run_id for run in runs}
    return tuple(run_id for run_id in stopped.run_ids if run_id in wanted)


class _Watcher:
    """Asks the watch in a thread of its own while an executor trains or creates."""

    def __init__(self, prepared: Prepared, wanted: set[str], watch: Watch) -> None:
        self._prepared = prepared
        self._wanted = wanted
        self._watch = watch
        self._ended = threading.Event()
        self.stopped = False
        self.cancelled: tuple[str, ...] = ()
        self._thread = threading.Thread(target=contextvars.copy_context().run, args=(self._work,), daemon=True)

    def __enter__(self) -> _Watcher:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _work(self) -> None:
        experiment, store = self._prepared.experiment, self._prepared.store
        while not self._ended.wait(POLL_SECONDS):
            try:
                if self._watch(collect(store, experiment.runs)):
                    self.stopped = True
                    found = Found(experiment, store, experiment.backend, None)
                    runs = [run for run in experiment.runs if run.run_id in self._wanted]
                    self.cancelled = stop_pending(found, runs)
                    return
            except Fault as fault:
                console.say(f"note: cannot look now: {fault.problems[0]}")


def _wait(prepared: Prepared, wanted: set[str], watch: Watch, batch: Batch) -> None:
    """Until nobody holds a run any more: of executors that only hand over, and of runs left to whoever holds them."""
    experiment, store = prepared.experiment, prepared.store
    executor = open_executor(experiment.backend, experiment, store)
    said = ""
    while True:
        activity = executor.observe(experiment.name)  # before the store: a run may end in between
        collected = collect(store, experiment.runs)
        standings = run_standings(collected, activity, here=machine_of(experiment.backend), experiment=experiment.name)
        of_seeds = {run_id: standings[run_id] for run_id in wanted}
        active = [run_id for run_id, standing in of_seeds.items() if standing.state in ACTIVE]
        if not active:
            _note_ends(batch, of_seeds)
            return
        if watch(collected):
            batch.stopped = True
            return
        if (now := _states_line(of_seeds)) != said:
            said = now
            console.say(now)
        time.sleep(POLL_SECONDS)


def _note(batch: Batch, outcome: Outcome) -> None:
    batch.failed |= outcome.failed
    batch.unreachable = outcome.unreachable
    batch.interrupted = outcome.interrupted or bool(outcome.cancelled and not batch.stopped)
    if outcome.not_started and outcome.shared_cause:
        batch.failed |= dict.fromkeys(outcome.not_started, f"held back: {outcome.shared_cause.message}")


def _note_ends(batch: Batch, standings: dict[str, Standing]) -> None:
    for run_id, standing in standings.items():
        if standing.state == RunState.FAILED:
            batch.failed[run_id] = standing.reason or "it failed"
        elif standing.state != RunState.DONE:
            batch.interrupted = True
            console.say(f"{run_id} is {standing.state.label}{f': {standing.reason}' if standing.reason else ''}")


def _states_line(standings: dict[str, Standing]) -> str:
    number = Counter(standing.state for standing in standings.values())
    states = ", ".join(f"{number[state]} {state.label}" for state in RunState if number[state])
    reasons = dict.fromkeys(
        standing.reason
        for standing in standings.values()
        if standing.reason and standing.state in (RunState.QUEUED, RunState.STALLED)
    )
    return f"waiting for {console.count(len(standings), 'run')}: {states}{''.join(f'; {why}' for why in reasons)}"


def _only(runs: Sequence[RunSpec], wanted: set[str]) -> tuple[RunSpec, ...]:
    return tuple(run for run in runs if run.run_id in wanted)


def _why_failed(prepared: Prepared, run: RunSpec) -> str:
    return prepared.standings[run.run_id].reason or "it failed before"
