"""A limit on active Jobs: a simple queue in the foreground, unless the first Jobs all fail for one reason."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from gridctl.collection.waiting_submission import WaitingNote
from gridctl.executors.base import Activity, Outcome
from gridctl.executors.capabilities import LiveView
from gridctl.executors.kubernetes.api.requests import Json, StoppedWaiting
from gridctl.executors.kubernetes.first_jobs import cause_of
from gridctl.executors.kubernetes.status.waiting_reasons import WaitingReasons
from gridctl.runs.cancellation import CancellationWatch
from gridctl.runs.shared_cause import SharedCause

Create = Callable[[Sequence[Json]], Outcome]
Shown = Callable[[int, int, int], None]
"""Called with the number of Jobs settled, the total, and how many are active."""

_LOOK_EVERY_S: Final = 1.0
_ASK_EVERY_S: Final = 15.0
"""How often the store is asked about a cancellation while no Job can be created; before Jobs are created, always."""
_WATCH_LAG_S: Final = 30.0
"""A Job that the watch has not shown within this time was deleted before it could."""


class ActiveJobLimit:
    """Creates Jobs in order, each as soon as fewer than `max_active` are active.

    Jobs that were active before count as well, so a submission that was stopped resumes where it
    was. Ctrl-C ends it between two Jobs; Jobs that were created go on, also if the first ones failed alike: nothing
    that runs is killed.

    Args:
        live: The experiment's Jobs and pods.
        create: Creates Jobs.
        max_active: How many may be active.
        shown: Called with the progress.
        models: Model of each run, by run id; empty if it does not matter.
        note: Keeps a list of the remaining runs in the store, for `gridctl status`; None to keep none.
        cancellation: Asked before Jobs are created, and now and then while none can be, whether the whole
            experiment was cancelled meanwhile; None if it cannot be.
    """

    def __init__(
        self,
        live: LiveView,
        create: Create,
        max_active: int,
        shown: Shown | None = None,
        models: Mapping[str, str] | None = None,
        cancellation: CancellationWatch | None = None,
        note: WaitingNote | None = None,
    ) -> None:
        self._live = live
        self._create = create
        self._max_active = max_active
        self._shown = shown
        self._models = models or {}
        self._cancellation = cancellation
        self._note = note
        self._reasons = WaitingReasons()
        self._unseen: dict[str, float] = {}
        self._created: dict[str, None] = {}
        self._asked_at = -_ASK_EVERY_S
        self._stale: set[str] = set()  # failed before, and about to be replaced: the watch may show them for a while

    def run(self, manifests: Sequence[Json]) -> Outcome:
        """Create a Job of each manifest; returns when the last one is created, not when it has ended.

        Raises:
            UnreachableError: The API server could not be reached at first, or allows none of this.
        """
        waiting = deque(manifests)
        failed: dict[str, str] = {}
        held: list[str] = []
        cancelled: list[str] = []
        cause: SharedCause | None = None
        interrupted = False
        try:
            self._stale = {name for name, activity in self._live.observe().items() if activity.failed}
            while waiting and not interrupted:
                known = self._live.observe()
                self._stale = {name for name in self._stale if name in known and known[name].failed}
                cause = cause_of(tuple(self._created), known, self._models, self._stale) or cause
                if cause:
                    names = [manifest["metadata"]["name"] for manifest in waiting]
                    back = {name for name in names if cause.concerns(self._models.get(name, ""))}
                    held += [name for name in names if name in back]
                    waiting = deque(manifest for manifest in waiting if manifest["metadata"]["name"] not in back)
                active = self._active(known)
                free = max(0, self._max_active - active)
                if waiting and self._cancellation and self._is_cancelled(about_to_create=free > 0):
                    cancelled = [manifest["metadata"]["name"] for manifest in waiting]
                    self._cancellation.cancel(cancelled)
                    break
                if free and waiting:
                    outcome = self._create([waiting[index] for index in range(min(free, len(waiting)))])
                    self._unseen |= dict.fromkeys(outcome.created, time.monotonic())
                    self._created.update(dict.fromkeys(outcome.created))
                    failed |= outcome.failed
                    for _ in range(len(outcome.created) + len(outcome.failed)):
                        waiting.popleft()
                    interrupted = outcome.interrupted
                if self._note:
                    self._note.renew([manifest["metadata"]["name"] for manifest in waiting])
                if self._shown:
                    self._shown(len(self._created) + len(failed), len(manifests), active)
                if not free:
                    self._reasons.look(known)
                    time.sleep(_LOOK_EVERY_S)
        except (KeyboardInterrupt, StoppedWaiting):
            interrupted = True
        finally:
            if self._note:
                self._note.end()
        return Outcome(
            created=tuple(self._created),
            failed=failed,
            cancelled=tuple(cancelled),
            interrupted=interrupted,
            not_started=tuple(held),
            shared_cause=cause,
        )

    def _is_cancelled(self, *, about_to_create: bool) -> bool:
        now = time.monotonic()
        if self._cancellation is None or not (about_to_create or now - self._asked_at >= _ASK_EVERY_S):
            return False
        self._asked_at = now
        return self._cancellation.is_cancelled()

    def _active(self, known: Mapping[str, Activity]) -> int:
        """How many are active, with those just created that the watch has not shown yet."""
        since = time.monotonic() - _WATCH_LAG_S
        self._unseen = {name: at for name, at in self._unseen.items() if name not in known and at > since}
        return sum(1 for activity in known.values() if activity.active) + len(self._unseen)
