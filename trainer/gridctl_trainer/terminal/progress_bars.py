"""Bars on a terminal: how they look, in one place for both commands."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

_WIDTH: Final = 24

OnProgress = Callable[[str, int, int], None]
"""Called with a phase, how much of it is done, and its whole."""


class _RateColumn(ProgressColumn):
    """How much is done in a second; empty until that is known."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:.0f}/s" if speed else "")


def bars(
    console: Console,
    before: str,
    after: str = "",
    *,
    counted: bool = True,
    timed: bool = True,
    rated: bool = False,
    transient: bool = True,
    shown: bool | None = None,
) -> Progress:
    """Bars that are drawn on a console; they are nobody's until a task is added.

    Args:
        console: Where to.
        before: Format of the text in front of a bar, as rich has it: `{task.description}`.
        after: Format of the text behind it; empty for none.
        counted: Whether it is followed by how much is done, and of how much.
        timed: Whether it ends with the time that remains.
        rated: Whether it tells how much is done in a second.
        transient: Whether nothing is left of it at the end.
        shown: Whether it is drawn; None where the console is a terminal.
    """
    columns: list[ProgressColumn] = [TextColumn(before, style="none"), BarColumn(bar_width=_WIDTH)]
    columns += [MofNCompleteColumn()] if counted else []
    columns += [TextColumn(after)] if after else []
    columns += [_RateColumn()] if rated else []
    columns += [TimeRemainingColumn()] if timed else []
    drawn = console.is_terminal if shown is None else shown
    return Progress(*columns, console=console, transient=transient, disable=not drawn, refresh_per_second=4)


@contextlib.contextmanager
def bar(console: Console, title: str) -> Iterator[Callable[[int, int], None]]:
    """One bar, told how much is done, and of how much."""
    with bars(console, "{task.description}") as drawn:
        task = drawn.add_task(title, total=None)
        yield lambda done, total: drawn.update(task, completed=done, total=total)


@contextlib.contextmanager
def phase_bar(console: Console, before: str = "", *, shown: bool | None = None) -> Iterator[OnProgress]:
    """One bar for several phases, one after the other: each begins at nothing, with a time of its own.

    Args:
        console: Where to.
        before: Text in front of the phase's name.
        shown: As for `bars`.
    """
    with bars(console, before + "{task.description}", shown=shown) as drawn:
        task = drawn.add_task("starting", total=None)
        current = ""

        def update(phase: str, done: int, total: int) -> None:
            nonlocal current
            if phase != current:
                drawn.reset(task, description=phase, total=total)
                current = phase
            drawn.update(task, completed=done, total=total)

        yield update
