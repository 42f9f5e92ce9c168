"""Handles SIGTERM and Ctrl-C, so that training can finish the step, write a checkpoint and exit."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Final

from gridctl_trainer.contract import exit_codes

_GRACE_S: Final = 30.0
_MARGIN_S: Final = 3.0


@contextlib.contextmanager
def handled(handler: Callable[[int, FrameType | None], object], *numbers: signal.Signals) -> Iterator[None]:
    """Handle signals while the block runs. Only the main thread can handle signals; in others, this does nothing."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, former in before.items():
            signal.signal(number, former)


class StoppedError(Exception):
    """Raised between two steps after a stop was requested."""


class StopSignal:
    """Turns the first SIGTERM or SIGINT into a request to stop, and exits at once on the second."""

    def __init__(self) -> None:
        self.requested = False
        self._requested_at = 0.0

    def install(self) -> StopSignal:
        """Handle SIGTERM and SIGINT from now on."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._handle)
        return self

    def check(self) -> None:
        """Raise if a stop was requested.

        Raises:
            StoppedError: A stop was requested.
        """
        if self.requested:
            raise StoppedError

    def grace_left_s(self) -> float:
        """Seconds from now until a SIGKILL must be expected, less a margin for exiting.

        The Job's template passes the pod's grace period in `GRIDCTL_GRACE_SECONDS`.
        """
        try:
            grace_s = float(os.environ.get("GRIDCTL_GRACE_SECONDS", _GRACE_S))
        except ValueError:
            grace_s = _GRACE_S
        gone_s = time.monotonic() - self._requested_at if self._requested_at else 0.0
        return max(0.0, grace_s - min(_MARGIN_S, grace_s / 4) - gone_s)

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        if self.requested:
            os._exit(exit_codes.STOPPED)
        self.requested = True
        self._requested_at = time.monotonic()
