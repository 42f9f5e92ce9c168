"""Only so many Jobs of an experiment active at a time: the poor man's queue, in the foreground."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final

from orchestrator.backends.kubernetes.api import Json, StoppedWaiting
from orchestrator.backends.port import Live, Outcome

Create = Callable[[Sequence[Json]], Outcome]
Shown = Callable[[int, int, int], None]
"""Called with Jobs settled, all of them, and how many are active."""

_LOOK_EVERY_S: Final = 1.0


class ActiveWindow:
    """Hands Jobs over in their order, each as soon as fewer than `max_active` are active.

    Jobs that were active before count as well, so a submission that was stopped goes on where it
    was. Ctrl-C ends it between two Jobs; those that were created go on.
    """

    def __init__(self, live: Live, create: Create, max_active: int, shown: Shown | None = None) -> None:
        self._live = live
        self._create = create
        self._max_active = max_active
        self._shown = shown
        self._unseen: set[str] = set()

    def run(self, manifests: Sequence[Json]) -> Outcome:
        """Create a Job of each manifest; returns when the last one is created, not when it has ended.

        Raises:
            UnreachableError: The API server could not be reached at first, or allows none of this.
        """
        created: list[str] = []
        failed: dict[str, str] = {}
        interrupted = False
        done = 0
        try:
            while done < len(manifests) and not interrupted:
                active = self._active()
                free = max(0, self._max_active - active)
                if free:
                    outcome = self._create(manifests[done : done + free])
                    self._unseen |= set(outcome.created)
                    created += outcome.created
                    failed |= outcome.failed
                    done += len(outcome.created) + len(outcome.failed)
                    interrupted = outcome.interrupted
                if self._shown:
                    self._shown(done, len(manifests), active)
                if not free:
                    time.sleep(_LOOK_EVERY_S)
        except (KeyboardInterrupt, StoppedWaiting):
            interrupted = True
        return Outcome(created=tuple(created), failed=failed, interrupted=interrupted)

    def _active(self) -> int:
        """How many are active, with those just created that the watch has not shown yet."""
        known = self._live.observe()
        self._unseen -= known.keys()
        return sum(1 for activity in known.values() if activity.active) + len(self._unseen)
