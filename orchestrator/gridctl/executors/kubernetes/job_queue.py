"""Jobs that wait for a connection on which they are created, and what became of the others."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError
from queue import Empty, SimpleQueue

from gridctl.executors.base import Outcome
from gridctl.executors.kubernetes.api.requests import Json, StoppedWaiting
from gridctl.runs.shared_cause import SharedCause

_CONSEQUENCES = (CancelledError, StoppedWaiting)
"""What ends threads because of something that happened in another one."""


class JobQueue:
    """Manifests in their order. Threads take them and report; one thread hears what they report.

    Args:
        manifests: Of all Jobs.

    Attributes:
        over: Set when nobody takes any more.
        fault: Why creating Jobs failed altogether; None if it did not.
        created: Names of the Jobs that exist now, in the order of their creation.
        failed: Why Jobs were refused, by name.
    """

    def __init__(self, manifests: Sequence[Json]) -> None:
        self.over = threading.Event()
        self.fault: BaseException | None = None
        self.created: dict[str, None] = {}
        self.failed: dict[str, str] = {}
        self._held: list[str] = []
        self._cancelled: list[str] = []
        self._cause: SharedCause | None = None
        self._waiting = deque(manifests)
        self._lock = threading.Lock()
        self._news: SimpleQueue[tuple[str, str] | None] = SimpleQueue()

    def take(self) -> Json | None:
        """The next manifest; None if there is none left."""
        with self._lock:
            return self._waiting.popleft() if self._waiting else None

    def report(self, name: str, problem: str) -> None:
        """Say that a Job exists, or why it cannot."""
        self._news.put((name, problem))

    def report_end(self) -> None:
        """Say that a thread takes no more."""
        self._news.put(None)

    def fail(self, fault: BaseException) -> None:
        """End all of it. The first fault counts, unless it is the consequence of another."""
        with self._lock:
            if self.fault is None or isinstance(self.fault, _CONSEQUENCES):
                self.fault = fault
            self._waiting.clear()

    def hold_back(self, cause: SharedCause, model_of: Callable[[str], str]) -> None:
        """Create no further Job that would fail for the same reason as the first ones."""
        self._cause = cause
        self._held += self._taken_back(lambda name: cause.concerns(model_of(name)))

    def cancel(self) -> Sequence[str]:
        """Create no further Job; returns the names of those that are not created."""
        self._cancelled += self._taken_back(lambda _: True)
        return self._cancelled

    def end(self) -> None:
        """Let nobody take any more."""
        self.over.set()
        with self._lock:
            self._waiting.clear()

    def hear(self, wait_s: float) -> int:
        """Take in what was reported.

        Args:
            wait_s: How long to wait for a first report.

        Returns:
            How many threads have ended.
        """
        ended = 0
        try:
            told = self._news.get(timeout=wait_s) if wait_s else self._news.get_nowait()
            while True:
                if told is None:
                    ended += 1
                elif told[1]:
                    self.failed[told[0]] = told[1]
                else:
                    self.created[told[0]] = None
                told = self._news.get_nowait()
        except Empty:
            return ended

    def outcome(self, *, interrupted: bool) -> Outcome:
        """What came of all of it."""
        return Outcome(
            created=tuple(self.created),
            failed=self.failed,
            cancelled=tuple(self._cancelled),
            interrupted=interrupted,
            not_started=tuple(self._held),
            shared_cause=self._cause,
        )

    def _taken_back(self, concerned: Callable[[str], bool]) -> list[str]:
        """Names of Jobs that were waiting and that nobody takes any more, in their order."""
        with self._lock:
            names = [manifest["metadata"]["name"] for manifest in self._waiting]
            back = {name for name in names if concerned(name)}
            self._waiting = deque(item for item in self._waiting if item["metadata"]["name"] not in back)
        return [name for name in names if name in back]
