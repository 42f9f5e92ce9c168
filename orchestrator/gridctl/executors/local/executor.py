"""The local backend: a bounded number of trainer processes, resumable at any point."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from gridctl.executors.base import Activity, Outcome
from gridctl.executors.local.cancel import cancel_runs
from gridctl.executors.local.lock_note import RunNote
from gridctl.executors.local.run_locks import RunLocks
from gridctl.executors.local.session import Session
from gridctl.executors.local.watchers import Watcher
from gridctl.runs.standing import clock
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.host.available_cores import available_cores
from gridctl_trainer.storage.base import Store


class LocalExecutor:
    """Runs attempts as processes of this machine.

    Args:
        store: Where the specifications are and the runs keep everything.
        experiment: Whose runs `cancel` ends.
        workers: Attempts at once; by default as many as this machine's cores hold.
        watcher: Is told how each run goes.
        locks: Who holds which run; by default this user's.
        tried: Whether a preflight has shown that the runs can train, so that each need not try a step of its own.
    """

    def __init__(
        self,
        store: Store,
        *,
        experiment: str = "",
        workers: int | None = None,
        watcher: Watcher | None = None,
        locks: RunLocks | None = None,
        tried: bool = False,
    ) -> None:
        self._store = store
        self._experiment = experiment
        self._workers = workers
        self._watcher = watcher
        self._locks = locks or RunLocks(store.url)
        self._tried = tried

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

    def start(self, runs: Sequence[RunSpec]) -> Outcome:
        """Train the runs and wait for them; those of another submission on this machine are left to it.

        The first SIGINT or SIGTERM has every trainer make a checkpoint and end; the second one
        kills them.
        """
        hold = self._locks.hold_queue([run.run_id for run in runs])
        try:
            mine = [run for run in runs if run.run_id not in hold.left]
            session = Session(self._store, self._locks, hold, self._watcher, mine, tried=self._tried)
            outcome = session.run(self.workers_for(mine))
        finally:
            hold.release()
        return dataclasses.replace(outcome, left=(*hold.left, *outcome.left))

    def cancel(self, run_ids: Sequence[str] | None = None) -> tuple[str, ...]:
        """Have the trainers of runs make a checkpoint and end, and wait for that; one that does not end is killed.

        Runs that are queued are not started by their submission once the store says that they are cancelled.
        """
        wanted = None if run_ids is None else set(run_ids)
        held = [
            run_id
            for run_id in self._locks.held()
            if run_id.startswith(f"{self._experiment}-") and (wanted is None or run_id in wanted)
        ]
        cancel_runs(self._locks, held)
        return tuple(held)

    def workers_for(self, runs: Sequence[RunSpec]) -> int:
        """Attempts at once: as asked for, or cores divided by the threads of a run, at least one."""
        threads = max((run.training.threads for run in runs), default=1)
        wanted = self._workers or max(1, available_cores() // threads)
        return max(1, min(wanted, len(runs)))


def _activity(note: RunNote | None, listening: set[str]) -> Activity:
    """What is known of a run that is held; only a submission that listens to its trainer hears of progress."""
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
