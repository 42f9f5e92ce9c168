"""The local backend: a bounded number of trainer processes, resumable at any point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from orchestrator.backends.local.locks import RunLocks
from orchestrator.backends.local.session import Session
from orchestrator.backends.local.watching import Watcher
from orchestrator.backends.port import Activity, Outcome
from trainer.contract.available_cores import available_cores
from trainer.contract.spec import RunSpec
from trainer.contract.store import Store


class LocalBackend:
    """Runs attempts as processes of this machine.

    Args:
        store: Where the specifications are and the runs keep everything.
        workers: Attempts at once; by default as many as this machine's cores hold.
        watcher: Is told how each run goes.
        locks: Who holds which run; by default this user's.
        tried: Whether a preflight has shown that the runs can train, so that each need not try a step of its own.
    """

    def __init__(
        self,
        store: Store,
        *,
        workers: int | None = None,
        watcher: Watcher | None = None,
        locks: RunLocks | None = None,
        tried: bool = False,
    ) -> None:
        self._store = store
        self._workers = workers
        self._watcher = watcher
        self._locks = locks or RunLocks(store.url)
        self._tried = tried

    def observe(self, experiment: str) -> Mapping[str, Activity]:
        """Runs held by a process of this machine."""
        held = (run_id for run_id in self._locks.held() if run_id.startswith(f"{experiment}-"))
        return {run_id: Activity(active=True, running=True) for run_id in held}

    def start(self, runs: Sequence[RunSpec]) -> Outcome:
        """Train the runs and wait for them.

        The first SIGINT or SIGTERM has every trainer make a checkpoint and end; the second one
        kills them.
        """
        session = Session(self._store, self._locks, self._watcher, runs, tried=self._tried)
        return session.run(self.workers_for(runs))

    def workers_for(self, runs: Sequence[RunSpec]) -> int:
        """Attempts at once: as asked for, or cores divided by the threads of a run, at least one."""
        threads = max((run.training.threads for run in runs), default=1)
        wanted = self._workers or max(1, available_cores() // threads)
        return max(1, min(wanted, len(runs)))
