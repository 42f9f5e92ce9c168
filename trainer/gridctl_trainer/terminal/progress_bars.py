"""Progress bars on a terminal, which look the same in both programs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

_WIDTH: Final = 24

OnProgress = Callable[[str, int, int], None]
"""Called with the name of a phase, how much of it is done, and its total."""


class _RateColumn(ProgressColumn):
    """Shows how much is done per second; empty until this is known."""

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
    """Make a display of progress bars, which is empty until a task is added.

    Args:
        console: Console to draw on.
        before: Format of the text before a bar, in rich's notation, such as `{task.description}`.
        after: Format of the text after a bar; empty for none.
        counted: Whether to show how much is done, and of how much.
        timed: Whether to show the remaining time.
        rated: Whether to show how much is done per second.
        transient: Whether to erase the bars at the end.
        shown: Whether to draw the bars; None to draw them only on a terminal.
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
    """Show one bar. The function that it yields is called with how much is done and the total."""
    with bars(console, "{task.description}") as drawn:
        task = drawn.add_task(title, total=None)
        yield lambda done, total: drawn.update(task, completed=done, total=total)


@contextlib.contextmanager
def phase_bar(console: Console, before: str = "", *, shown: bool | None = None) -> Iterator[OnProgress]:
    """Show one bar for several consecutive phases, which restarts with each phase.

    Args:
        console: Console to draw on.
        before: Text before the name of the phase.
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
