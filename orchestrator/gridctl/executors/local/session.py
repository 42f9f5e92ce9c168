"""One call of `start`: worker threads take runs from a queue, each with its own trainer process."""

from __future__ import annotations

import contextlib
import contextvars
import logging
import queue
import signal
import threading
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Final, Literal

from gridctl.errors import in_words
from gridctl.executors.base import Outcome
from gridctl.executors.local.last_words import leave_last_words
from gridctl.executors.local.lock_note import SignsOfProgress
from gridctl.executors.local.queue_hold import QueueHold
from gridctl.executors.local.run_locks import RunLocks
from gridctl.executors.local.trainer_process import TrainerProcess
from gridctl.executors.local.watchers import GuardedWatcher, Watcher
from gridctl.runs.shared_cause import Ended, SharedCause, shared_cause
from gridctl_trainer.contract import exit_codes
from gridctl_trainer.contract.errors import Fault, NotFoundError, StoreError
from gridctl_trainer.contract.layout import RunLayout
from gridctl_trainer.contract.records.run_result import ResultRecord
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.host.file_lock import FileLock
from gridctl_trainer.host.signals import handled
from gridctl_trainer.storage.base import Store

_log = logging.getLogger(__name__)

_NO_THREADS: Final = "close other programs, or raise the limit of processes (ulimit -u)"


@dataclass(frozen=True, slots=True)
class _Ending:
    """How a run ended.

    Attributes:
        message: Why it failed.
        resumable: Whether a checkpoint is kept, so that it need not be recorded as failed.
        unreachable: Whether it counts as failed because the store could not be asked.
        exit_code: Of its process; None if there was none.
    """

    outcome: Literal["done", "failed", "stopped", "left", "cancelled"]
    message: str = ""
    exit_code: int | None = None
    resumable: bool = False
    unreachable: bool = False


class Session:
    """Runs being trained: an error in a thread ends its run, and the others go on.

    Args:
        store: Where the specifications are and the runs keep everything.
        locks: The locks of runs.
        hold: Holds the runs that wait, for this submission.
        watcher: Informed about each run.
        runs: In the order in which they are started.
        tried: Whether a preflight has tried one step of each.
    """

    def __init__(
        self,
        store: Store,
        locks: RunLocks,
        hold: QueueHold,
        watcher: Watcher | None,
        runs: Sequence[RunSpec],
        *,
        tried: bool = False,
    ) -> None:
        self._tried = tried
        self._store = store
        self._locks = locks
        self._hold = hold
        self._told = GuardedWatcher(watcher)
        self._waiting: queue.SimpleQueue[RunSpec] = queue.SimpleQueue()
        for run in runs:
            self._waiting.put(run)
        self._guard = threading.Lock()
        self._running: dict[str, TrainerProcess] = {}
        self._stop_requests = 0
        self._stops_passed_on = 0
        self._created: list[str] = []
        self._endings: dict[str, _Ending] = {}
        self._models = {run.model for run in runs}
        self._ended: dict[str, Ended] = {}
        self._cause: SharedCause | None = None
        self._held_back: list[str] = []

    def run(self, workers: int) -> Outcome:
        """Train the runs, a limited number at once, and wait for them."""
        with handled(self._handle, signal.SIGINT, signal.SIGTERM):
            for thread in self._started(workers):
                while thread.is_alive():
                    thread.join(timeout=0.2)
                    self._pass_stops_on()
        endings = self._endings.items()
        return Outcome(
            done=tuple(run_id for run_id, ending in endings if ending.outcome == "done"),
            created=tuple(self._created),
            cancelled=tuple(run_id for run_id, ending in endings if ending.outcome == "cancelled"),
            left=tuple(run_id for run_id, ending in endings if ending.outcome == "left"),
            failed={run_id: ending.message for run_id, ending in endings if ending.outcome == "failed"},
            resumable=tuple(run_id for run_id, ending in endings if ending.resumable),
            interrupted=self._stop_requests > 0,
            unreachable=any(ending.unreachable for _, ending in endings),
            not_started=tuple(self._held_back),
            shared_cause=self._cause,
        )

    def _started(self, workers: int) -> list[threading.Thread]:
        """As many workers as the system can start."""
        threads: list[threading.Thread] = []
        for _ in range(workers):
            thread = threading.Thread(target=contextvars.copy_context().run, args=(self._work,), daemon=True)
            try:
                thread.start()
            except (RuntimeError, MemoryError) as error:
                if threads:
                    _log.warning("only %d runs at once: %s", len(threads), error)
                    break
                with contextlib.suppress(queue.Empty):
                    while True:
                        self._end(self._waiting.get_nowait(), _Ending("failed", f"{error}\n  {_NO_THREADS}"))
                break
            threads.append(thread)
        return threads

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        self._stop_requests += 1

    def _pass_stops_on(self) -> None:
        """Done here and not in the signal handler, which may have interrupted the holder of the lock."""
        if self._stops_passed_on == min(self._stop_requests, 2):
            return
        self._stops_passed_on = min(self._stop_requests, 2)
        at_once = self._stops_passed_on > 1
        self._hold.let_go()
        with self._guard:
            for process in self._running.values():
                process.stop(at_once=at_once)
            if not at_once:
                running = len(self._running)
                self._told.tell(lambda watcher: watcher.stopping(running))

    def _work(self) -> None:
        while not self._stop_requests:
            try:
                run = self._waiting.get_nowait()
            except queue.Empty:
                return
            if self._cause and self._cause.concerns(run.model):
                with self._guard:
                    self._hold.started(run.run_id)  # it waits for nothing any more
                    self._held_back.append(run.run_id)
                continue
            try:
                ending = self._train(run)
            except Exception as error:
                ending = _Ending("failed", in_words(error), unreachable=isinstance(error, StoreError))
            if ending is not None:
                self._end(run, ending)

    def _train(self, run: RunSpec) -> _Ending | None:
        """The ending of a run; None if it was not begun because of a stop."""
        lock = self._locks.acquire(run.run_id)
        if lock is None:
            return _Ending("left")
        self._hold.started(run.run_id)
        if self._is_cancelled(run):
            lock.release()
            return _Ending("cancelled")
        uid = uuid.uuid4().hex[:8]
        try:
            ending = self._attempt(run, lock, uid)
        except Exception as error:
            self._leave_last_words(run, uid, in_words(error))
            raise
        else:
            if ending and ending.outcome == "failed" and not (ending.resumable or ending.unreachable):
                self._leave_last_words(run, uid, ending.message)
            return ending
        finally:
            lock.release()

    def _leave_last_words(self, run: RunSpec, uid: str, message: str) -> None:
        with contextlib.suppress(Fault):
            leave_last_words(self._store, run, uid, message)

    def _attempt(self, run: RunSpec, lock: FileLock, uid: str) -> _Ending | None:
        location = f"{self._store.url}/{RunLayout(run.experiment, run.run_id).spec}"
        inherited = () if lock.handle is None else (lock.handle,)
        with self._guard:
            if self._stop_requests:
                return None
            process = TrainerProcess(
                location, uid=uid, threads=run.training.threads, inherited=inherited, tried=self._tried
            )
            self._running[run.run_id] = process
            self._created.append(run.run_id)
            self._told.tell(lambda watcher: watcher.started(run))
        try:
            signs = SignsOfProgress(lock, process.pid, self._hold.submit_id)
            for event in process.events():
                signs.seen(event)
                with self._guard:
                    if event.get("event") == "epoch":
                        self._ended.setdefault(
                            run.run_id, Ended(run.run_id, run.model)
                        )  # it trains, so the failures have no shared cause
                    self._told.tell(lambda watcher, event=event: watcher.event(run, event))  # type: ignore[misc]
            exit_code, message = process.wait()
        except BaseException:
            process.end()
            raise
        finally:
            with self._guard:
                del self._running[run.run_id]
        return self._ending(run, exit_code, message)

    def _ending(self, run: RunSpec, exit_code: int, message: str) -> _Ending:
        """How a run ended whose process is gone: only its result shows that it is done."""
        stopped = exit_code == exit_codes.STOPPED or (exit_code == -signal.SIGKILL and self._stop_requests > 1)
        try:
            problem = self._lacking(run)
        except StoreError as error:
            if stopped and self._stop_requests:
                return _Ending("stopped")
            unknown = f"whether it is done is not known: {in_words(error)}{_quoted(message)}"
            return _Ending("failed", unknown, unreachable=True)
        if not problem:
            return _Ending("done")
        if exit_code == exit_codes.DONE:
            return _Ending("failed", f"its process ended with exit code 0, but {problem}{_quoted(message)}")
        if stopped:
            if self._stop_requests:
                return _Ending("stopped")
            if self._is_cancelled(run):
                return _Ending("cancelled")
            said = "stopped by somebody else; the same submit command goes on from its checkpoint"
            return _Ending("failed", said, resumable=True)
        return _Ending("failed", message or f"exit code {exit_code}", exit_code)

    def _is_cancelled(self, run: RunSpec) -> bool:
        """Whether `gridctl cancel` wants it to end; a store that cannot be reached cancels nothing."""
        with contextlib.suppress(StoreError):
            return self._store.exists(RunLayout(run.experiment, run.run_id).cancelled)
        return False

    def _lacking(self, run: RunSpec) -> str:
        """What is wrong with the run's result; empty if it is there and valid.

        Raises:
            StoreError: The store failed.
        """
        key = RunLayout(run.experiment, run.run_id).result
        try:
            data = self._store.get(key).data
        except NotFoundError:
            return f"there is no result at {self._store.url}/{key}"
        try:
            ResultRecord.of_run(run, data, f"{self._store.url}/{key}")
        except StoreError as error:
            return in_words(error)
        return ""

    def _end(self, run: RunSpec, ending: _Ending) -> None:
        with self._guard:
            self._hold.started(run.run_id)
            self._endings[run.run_id] = ending
            if ending.outcome in ("done", "failed"):
                said = ending.message if ending.outcome == "failed" else ""
                self._ended[run.run_id] = Ended(run.run_id, run.model, said, ending.exit_code)
                self._cause = shared_cause(self._ended.values(), self._models) or self._cause
            self._told.tell(lambda watcher: watcher.ended(run, ending.outcome))


def _quoted(message: str) -> str:
    return f"\n  its last words: {message}" if message else ""
