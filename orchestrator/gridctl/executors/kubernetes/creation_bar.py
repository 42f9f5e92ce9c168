"""The progress bar of creating Jobs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from rich.progress import Progress

from gridctl.terminal.console import stderr_console
from gridctl_trainer.terminal.progress_bars import bars


class CreationBar:
    """Shows how many Jobs there are."""

    def __init__(self, progress: Progress, runs: int, max_active: int | None) -> None:
        self._progress = progress
        self._max_active = max_active
        self._task = progress.add_task("", total=runs, active="")

    def created(self, done: int, total: int) -> None:
        """Show how many are created."""
        self._progress.update(self._task, completed=done, total=total)

    def created_and_active(self, done: int, total: int, active: int) -> None:
        """Show how many are created and how many of them are active."""
        said = f"{active} active, at most {self._max_active}"
        self._progress.update(self._task, completed=done, total=total, active=said)


@contextlib.contextmanager
def creation_bar(runs: int, max_active: int | None) -> Iterator[CreationBar]:
    """A bar on standard error, if that is a terminal."""
    steady = max_active is None  # else it waits for runs to end
    with bars(stderr_console(), "creating Jobs", "{task.fields[active]}", timed=steady, rated=steady) as progress:
        yield CreationBar(progress, runs, max_active)
