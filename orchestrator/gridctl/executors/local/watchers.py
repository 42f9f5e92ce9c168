"""Watchers of a session's runs; a failure in one ends no run."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from gridctl_trainer.contract.secrets import masked
from gridctl_trainer.contract.spec import RunSpec

_log = logging.getLogger(__name__)


class Watcher(Protocol):
    """Informed about each run; called from several threads, one call at a time."""

    def started(self, run: RunSpec) -> None:
        """An attempt begins."""

    def event(self, run: RunSpec, event: Mapping[str, Any]) -> None:
        """The trainer reports progress: one of its progress lines."""

    def ended(self, run: RunSpec, outcome: str) -> None:
        """The attempt ended: `done`, `stopped`, `left`, `cancelled` or `failed`."""

    def stopping(self, runs: int) -> None:
        """The user wants to stop; this many runs are writing a checkpoint."""


class GuardedWatcher:
    """Wraps a watcher that may fail: a closed terminal or a full disk ends the display, never a run."""

    def __init__(self, watcher: Watcher | None) -> None:
        self._watcher = watcher

    def tell(self, news: Callable[[Watcher], None]) -> None:
        """Pass on events until that fails for the first time."""
        if self._watcher is None:
            return
        try:
            news(self._watcher)
        except (Exception, SystemExit) as error:  # rich ends the thread when a pipe is closed
            self._watcher = None
            _log.warning("progress is no longer shown: %s", masked(f"{type(error).__name__}: {error}"))
