"""SIGTERM and Ctrl-C: finish the step, checkpoint, leave."""

from __future__ import annotations

import os
import signal
from types import FrameType

from trainer.contract import exit_codes


class StoppedError(Exception):
    """Raised between two steps after a stop was asked for."""


class StopSignal:
    """Turns the first SIGTERM or SIGINT into a request, and the second into an end at once."""

    def __init__(self) -> None:
        self.requested = False

    def install(self) -> StopSignal:
        """Handle SIGTERM and SIGINT from now on."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._handle)
        return self

    def check(self) -> None:
        """Return unless a stop was asked for.

        Raises:
            StoppedError: It was.
        """
        if self.requested:
            raise StoppedError

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        if self.requested:
            os._exit(exit_codes.STOPPED)
        self.requested = True
