"""Repeats calls to a store that fails temporarily, so that an outage does not end a run."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Final, TypeVar

from gridctl_trainer.contract.errors import StoreError
from gridctl_trainer.contract.wording import count
from gridctl_trainer.host.backoff import Backoff
from gridctl_trainer.host.signals import StopSignal

T = TypeVar("T")

BACKOFF: Final = Backoff(first_s=1.0, longest_s=30.0, least=0.5)
"""Pauses between calls to a failing store."""
_SAID_EVERY_S: Final = 60.0

_log = logging.getLogger(__name__)


class Retry:
    """Repeats calls that fail for a temporary reason.

    Args:
        seconds: How long to repeat a call, counted from its first failure.
        stop: Ends the waiting with `StoppedError` when a stop is requested.
        doubtful_seconds: How long to repeat a call if a wrong setting is as likely as an outage; None for no
            difference.
    """

    def __init__(self, seconds: float, stop: StopSignal, doubtful_seconds: float | None = None) -> None:
        self._seconds = seconds
        self._stop = stop
        self._doubtful_seconds = seconds if doubtful_seconds is None else min(seconds, doubtful_seconds)

    def __call__(self, action: Callable[[], T]) -> T:
        """Call `action` until it succeeds, and return its result.

        Raises:
            StoreError: The call failed for a reason that waiting does not fix, or for too long.
            StoppedError: A stop was requested meanwhile.
        """
        failures, since, say_at = 0, 0.0, 0.0
        while True:
            try:
                return action()
            except StoreError as error:
                now = time.monotonic()
                if not failures:
                    since = now
                until = since + (self._doubtful_seconds if error.doubtful else self._seconds)
                if not error.passing or now >= until:
                    raise
                failures += 1
                if now >= say_at:
                    left = max(1, round((until - now) / 60))
                    more = count(left, "more minute")
                    _log.warning("waiting for the store, for up to %s: %s", more, error.problems[0].what)
                    say_at = now + _SAID_EVERY_S
            self._sleep(min(BACKOFF.pause_s(failures), max(0.0, until - time.monotonic())))

    def _sleep(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self._stop.check()
            threading.Event().wait(min(left, 0.2))
