"""The local backend: a bounded number of trainer processes, resumable at any point."""

from __future__ import annotations

import os
import queue
import signal
import threading
from collections.abc import Mapping, Sequence
from types import FrameType
from typing import Any, Protocol

from orchestrator.backends.local.locks import RunLocks
from orchestrator.backends.local.process import TrainerProcess
from orchestrator.backends.port import Activity, Outcome
from trainer.contract import exit_codes
from trainer.contract.layout import RunLayout
from trainer.contract.spec import DataSpec, RunSpec
from trainer.contract.store import Store


class Watcher(Protocol):
    """Told how each run goes; called from several threads, one call at a time."""

    def started(self, run: RunSpec) -> None:
        """A process begins an attempt."""

    def event(self, run: RunSpec, event: Mapping[str, Any]) -> None:
        """The trainer says how far it is: one of its progress lines."""

    def ended(self, run: RunSpec, outcome: str) -> None:
        """The attempt ended: `done`, `stopped`, `left` or `failed`."""

    def stopping(self, runs: int) -> None:
        """The user wants to stop; so many runs are making a checkpoint."""


class LocalBackend:
    """Runs attempts as processes of this machine.

    Args:
        store: Where the specifications are and the runs keep everything.
        workers: Attempts at once; by default as many as this machine's cores hold.
        watcher: Is told how each run goes.
        locks: Who holds which run; by default this user's.
    """

    def __init__(
        self, store: Store, *, workers: int | None = None, watcher: Watcher | None = None, locks: RunLocks | None = None
    ) -> None:
        self._store = store
        self._workers = workers
        self._watcher = watcher
        self._locks = locks or RunLocks(store.url)

    def observe(self, experiment: str) -> Mapping[str, Activity]:
        """Runs held by a process of this machine."""
        held = (run_id for run_id in self._locks.held() if run_id.startswith(f"{experiment}-"))
        return {run_id: Activity(active=True, running=True) for run_id in held}

    def start(self, runs: Sequence[RunSpec]) -> Outcome:
        """Train the runs and wait for them.

        The first SIGINT or SIGTERM has every trainer make a checkpoint and end; the second one
        kills them.
        """
        session = _Session(self._store, self._locks, self._watcher, runs)
        return session.run(self.workers_for(runs))

    def workers_for(self, runs: Sequence[RunSpec]) -> int:
        """Attempts at once: as asked for, or cores divided by the threads of a run, at least one."""
        threads = max((run.training.threads for run in runs), default=1)
        wanted = self._workers or max(1, available_cores() // threads)
        return max(1, min(wanted, len(runs)))


def available_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class _Session:
    """One call of `start`: worker threads that take runs from a queue, each with its process."""

    def __init__(self, store: Store, locks: RunLocks, watcher: Watcher | None, runs: Sequence[RunSpec]) -> None:
        self._store = store
        self._locks = locks
        self._watcher = watcher
        self._waiting: queue.SimpleQueue[RunSpec] = queue.SimpleQueue()
        for run in runs:
            self._waiting.put(run)
        self._guard = threading.Lock()
        self._running: dict[str, TrainerProcess] = {}
        self._stop_requests = 0
        self._done: list[str] = []
        self._created: list[str] = []
        self._failed: dict[str, str] = {}
        self._bad_data: dict[DataSpec, str] = {}

    def run(self, workers: int) -> Outcome:
        threads = [threading.Thread(target=self._work, daemon=True) for _ in range(workers)]
        before = {number: signal.signal(number, self._handle) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                while thread.is_alive():
                    thread.join(timeout=0.2)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        return Outcome(tuple(self._done), tuple(self._created), self._failed, interrupted=self._stop_requests > 0)

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        self._stop_requests += 1
        # A thread, because the handler may have interrupted the holder of the lock.
        threading.Thread(target=self._stop_all, args=(self._stop_requests > 1,), daemon=True).start()

    def _stop_all(self, at_once: bool) -> None:
        with self._guard:
            for process in self._running.values():
                process.stop(at_once=at_once)
            if self._watcher and not at_once:
                self._watcher.stopping(len(self._running))

    def _work(self) -> None:
        while not self._stop_requests:
            try:
                run = self._waiting.get_nowait()
            except queue.Empty:
                return
            if run.data in self._bad_data:
                self._end(run, "failed", f"not tried: {self._bad_data[run.data]}")
                continue
            lock = self._locks.acquire(run.run_id)
            if lock is None:
                self._end(run, "left")
                continue
            try:
                self._attempt(run, lock)
            finally:
                os.close(lock)

    def _attempt(self, run: RunSpec, lock: int) -> None:
        location = f"{self._store.url}/{RunLayout(run.experiment, run.run_id).spec}"
        with self._guard:
            if self._stop_requests:
                return
            process = TrainerProcess(location, threads=run.training.threads, inherited=(lock,))
            self._running[run.run_id] = process
            self._created.append(run.run_id)
            if self._watcher:
                self._watcher.started(run)
        try:
            for event in process.events():
                with self._guard:
                    if self._watcher:
                        self._watcher.event(run, event)
            exit_code, message = process.wait()
        finally:
            with self._guard:
                del self._running[run.run_id]
        if exit_code == exit_codes.DONE:
            self._end(run, "done")
        elif exit_code == exit_codes.STOPPED or (exit_code == -signal.SIGKILL and self._stop_requests > 1):
            self._end(run, "stopped")
        else:
            if exit_code == exit_codes.BAD_DATA:
                self._bad_data[run.data] = message
            self._end(run, "failed", message)

    def _end(self, run: RunSpec, outcome: str, message: str = "") -> None:
        with self._guard:
            if outcome == "done":
                self._done.append(run.run_id)
            elif outcome == "failed":
                self._failed[run.run_id] = message
            if self._watcher:
                self._watcher.ended(run, outcome)
