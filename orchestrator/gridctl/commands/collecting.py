"""Collecting a store with a progress bar on the terminal."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from gridctl.collection.collect import Collected, collect
from gridctl.collection.read_cache import ReadCache
from gridctl.terminal import console
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.base import Store


def collect_with_bar(
    store: Store, runs: Sequence[RunSpec], *, cases: bool | Collection[str] = False, cache: ReadCache | None = None
) -> Collected:
    """As `collect`, with a bar that shows how far it is and how long it will take.

    Raises:
        StoreError: The store cannot be reached.
    """
    from gridctl_trainer.terminal.progress_bars import bar

    with bar(console.stderr_console(), "reading logs") as progress:
        return collect(store, runs, cache, progress, cases=cases)
