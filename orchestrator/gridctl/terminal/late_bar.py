"""A bar for work that is usually over before anybody wonders: it is drawn once that has taken a second."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Final, TypeVar

_SHOWN_AFTER_S: Final = 1.0

Item = TypeVar("Item")


def with_late_bar(items: Sequence[Item], title: str) -> Iterator[Item]:
    """The items, one by one; after a second with a bar on standard error, if that is a terminal.

    Args:
        items: What is worked on between two of them.
        title: What is done, in front of the bar. Behind it are the number done, the rate and the time that remains.
    """
    began, drawn = time.monotonic(), None
    with ExitStack() as shown:
        for done, item in enumerate(items):
            if drawn is None and time.monotonic() - began >= _SHOWN_AFTER_S:
                from gridctl.terminal.console import stderr_console
                from gridctl_trainer.terminal.progress_bars import bars

                drawn = shown.enter_context(bars(stderr_console(), title, rated=True))
                task = drawn.add_task("", total=len(items))
            if drawn is not None:
                drawn.update(task, completed=done)
            yield item
