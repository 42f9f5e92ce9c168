"""Says once why nothing runs: a submission might otherwise wait for Jobs that never start."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import Final

from gridctl.executors.base import Activity

_log = logging.getLogger(__name__)

_SILENT_FOR_S: Final = 30.0
"""Time for scheduling pods and pulling images."""


class WaitingReasons:
    """Follows what a waiting submission observes.

    Args:
        clock: A monotonic clock, in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._nothing_since: float | None = None
        self._said: set[str] = set()

    def look(self, known: Mapping[str, Activity]) -> None:
        """Say each reason once if no Job has run for a while."""
        waiting = {name: item.reason for name, item in known.items() if item.active and item.reason}
        if not waiting or any(item.running for item in known.values()):
            self._nothing_since = None
            return
        self._nothing_since = self._clock() if self._nothing_since is None else self._nothing_since
        if self._clock() - self._nothing_since < _SILENT_FOR_S:
            return
        for name, reason in waiting.items():
            kind = reason.partition(":")[0]
            if kind not in self._said:
                self._said.add(kind)
                _log.warning(
                    "nothing runs yet: %s: %s\n  if that will not pass, `gridctl cancel`, correct it and submit again",
                    name,
                    reason,
                )
