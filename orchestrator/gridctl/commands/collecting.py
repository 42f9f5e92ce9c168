"""Collecting a store with a progress bar on the terminal."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Final

from gridctl.collection.gathered import Gathered, gather
from gridctl.collection.read_cache import ReadCache
from gridctl.terminal import console
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.base import Store

if TYPE_CHECKING:
    from gridctl.collection.collect import Collected

_WORTH_A_BAR: Final = 100
"""Runs: fewer are read before a bar is there."""


def collect_with_bar(
    store: Store, runs: Sequence[RunSpec], *, cases: bool | Collection[str] = False, cache: ReadCache | None = None
) -> Collected:
    """As `collect`, with a bar that shows how far it is and how long it will take.

    Raises:
        StoreError: The store cannot be reached.
    """
    from gridctl.collection.collect import collect
    from gridctl_trainer.terminal.progress_bars import bar

    with bar(console.stderr_console(), "reading logs") as progress:
        return collect(store, runs, cache, progress, cases=cases)


def gather_with_bar(store: Store, runs: Sequence[RunSpec]) -> Gathered:
    """As `gather`, with the same bar where there are many runs.

    Raises:
        StoreError: The store cannot be reached.
    """
    if len(runs) < _WORTH_A_BAR or not sys.stderr.isatty():
        return gather(store, runs)
    from gridctl_trainer.terminal.progress_bars import bar

    with bar(console.stderr_console(), "reading logs") as progress:
        return gather(store, runs, on_read=progress)
