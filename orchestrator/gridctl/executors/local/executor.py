"""The local executor: a bounded number of trainer processes, resumable at any point."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence

from gridctl.executors.base import Activity, Outcome
from gridctl.executors.capabilities import StartOptions
from gridctl.executors.check import Check
from gridctl.executors.data_places import data_checks
from gridctl.executors.local.cancel import cancel_runs
from gridctl.executors.local.installation import require_trainer
from gridctl.executors.local.lock_note import RunNote
from gridctl.executors.local.run_locks import RunLocks
from gridctl.executors.local.session import Session
from gridctl.executors.local.watchers import Watcher
from gridctl.experiment import Experiment
from gridctl.runs.standing import clock
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.host.available_cores import available_cores
from gridctl_trainer.storage.base import Store


class LocalExecutor:
    """Runs attempts as processes of this machine.

    Args:
        experiment: The experiment whose runs it trains and cancels.
        store: Where the specifications are and the runs keep everything.
        locks: The locks of runs; by default this user's.
    """

    def __init__(self, experiment: Experiment, store: Store, *, locks: RunLocks | None = None) -> None:
        self._experiment = experiment
        self._store = store
        self._locks = locks or RunLocks(store.url)

    def observe(self, experiment: str) -> Mapping[str, Activity]:
        """Runs held by a process of this machine: those being trained, and those that a submission will train."""
        found: dict[str, Activity] = {}
        queues = self._locks.queues()
        for queue in queues:
            reason = f"by {queue} since {clock(queue.note.since)}"
            found |= dict.fromkeys(queue.waiting, Activity(active=True, in_submission=True, reason=reason))
        listening = {queue.note.submit_id for queue in queues}
        found |= {run_id: _activity(note, listening) for run_id, note in self._locks.held().items()}
        return {run_id: known for run_id, known in found.items() if run_id.startswith(f"{experiment}-")}

    def check_start(self, runs: Sequence[RunSpec], *, verify: bool) -> Sequence[Check]:
        """Check that the trainer's packages are installed.

        Raises:
            InputError: They are not.
        """
        require_trainer()
        return ()

    def preflight(self, runs: Sequence[RunSpec]) -> None:
        """Have the trainer check device, data and models.

        Raises:
            InputError: Some run would fail: every reason at once.
            UnreachableError: The only reason is that data in a bucket cannot be reached.
            InterruptedPreflightError: The user stopped it.
        """
        from gridctl.executors.local.preflight_report import look_before_start

        look_before_start(self._experiment, runs)

    @classmethod
    def diagnose(cls, experiment: Experiment, *, with_preflight: bool) -> Iterator[Check]:
        """The findings of the trainer's preflight of all runs, or whether the data are where they should be."""
        from gridctl.executors.local.preflight_report import diagnose

        return diagnose(experiment) if with_preflight else data_checks(experiment)

    @classmethod
    def runs_at_once(cls, experiment: Experiment) -> int:
        """As many as this machine's cores hold."""
        return max(1, available_cores() // max(run.training.threads for run in experiment.runs))

    def start(self, runs: Sequence[RunSpec]) -> Outcome:
        """Train the runs and wait for them; those of another submission on this machine are left to it.

        The first SIGINT or SIGTERM has every trainer write a checkpoint and end; the second one
        kills them.
        """
        return self._start(runs, _workers_for(runs, None), None, tried=False)

    def start_shown(self, runs: Sequence[RunSpec], options: StartOptions) -> Outcome:
        """The same with a bar for each run, or a line where there is no terminal."""
        from gridctl.executors.local.progress_bars import display
        from gridctl.terminal.console import stderr_console

        at_once = _workers_for(runs, options.workers)
        with display(tuple(runs), at_once, stderr_console()) as watcher:
            return self._start(runs, at_once, watcher, tried=options.tried)

    def _start(self, runs: Sequence[RunSpec], workers: int, watcher: Watcher | None, *, tried: bool) -> Outcome:
        hold = self._locks.hold_queue([run.run_id for run in runs])
        try:
            mine = [run for run in runs if run.run_id not in hold.left]
            session = Session(self._store, self._locks, hold, watcher, mine, tried=tried)
            outcome = session.run(max(1, min(workers, len(mine))))
        finally:
            hold.release()
        return dataclasses.replace(outcome, left=(*hold.left, *outcome.left))

    def cancel(self, run_ids: Sequence[str] | None = None) -> tuple[str, ...]:
        """Have the trainers of runs write a checkpoint and end, and wait for that; one that does not end is killed.

        Runs that are queued are not started by their submission once the store says that they are cancelled.
        """
        wanted = None if run_ids is None else set(run_ids)
        held = [
            run_id
            for run_id in self._locks.held()
            if run_id.startswith(f"{self._experiment.name}-") and (wanted is None or run_id in wanted)
        ]
        cancel_runs(self._locks, held)
        return tuple(held)


def _workers_for(runs: Sequence[RunSpec], asked: int | None) -> int:
    """Attempts at once: as asked for, or cores divided by the threads of a run, at least one."""
    threads = max((run.training.threads for run in runs), default=1)
    wanted = asked or max(1, available_cores() // threads)
    return max(1, min(wanted, len(runs)))


def _activity(note: RunNote | None, listening: set[str]) -> Activity:
    """What is known about a run that is held; only the submission that reads its trainer's output sees progress."""
    if note is None:
        return Activity(active=True, running=True)
    heard = note.submit_id in listening
    return Activity(
        active=True,
        running=True,
        started_at=note.started_at,
        last_sign_at=note.last_sign_at if heard else None,
        usual_gap_seconds=note.usual_gap_seconds if heard else None,
        process_id=note.process_id if note.is_here else None,
        reason="" if note.is_here else f"on {note.host}",
    )
