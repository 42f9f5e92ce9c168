"""Reading a store, with a bar on the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from gridctl.collection.collect import Collected, collect
from gridctl.terminal import console
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.base import Store


def collect_with_bar(store: Store, runs: Sequence[RunSpec]) -> Collected:
    """As `collect`; a person sees how far it is and how long it will take.

    Raises:
        StoreError: The store cannot be reached.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    stderr = console.stderr_console()
    columns = (TextColumn("reading logs"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=stderr, transient=True, disable=not stderr.is_terminal) as bar:
        task = bar.add_task("", total=None)
        return collect(store, runs, on_read=lambda done, total: bar.update(task, completed=done, total=total))
