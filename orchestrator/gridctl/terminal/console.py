"""The only writer to the terminal: results to stdout, everything else to stderr."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from gridctl_trainer.contract import wording

if TYPE_CHECKING:
    from rich.console import Console

    from gridctl.errors import Fault


_ENDLESS_COLUMNS: Final = 10_000

count = wording.count
"""A number of things: `1 run`, `2 runs`."""


def on_stderr(text: str) -> None:
    """Write a line to stderr. If stderr is closed, the work goes on."""
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()


_listener: ContextVar[Callable[[str], None]] = ContextVar("listener", default=on_stderr)


@contextlib.contextmanager
def messages_to(listener: Callable[[str], None]) -> Iterator[None]:
    """Pass messages of `say` to a listener while the block runs; bars are drawn only if the listener is `on_stderr`."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def say(text: str = "") -> None:
    """Write a line about progress to stderr, or to the listener of `messages_to`."""
    _listener.get()(text)


def show(text: str) -> None:
    """Results as text, to stdout."""
    sys.stdout.write(text if text.endswith("\n") else f"{text}\n")


def show_document(text: str, form: str) -> None:
    """Write a report document to stdout: JSON and HTML escape the characters that its encoding lacks."""
    from gridctl_trainer.terminal.standard_streams import takes_unicode

    if not takes_unicode(sys.stdout):
        if form == "json":
            text = re.sub(r"[^\x00-\x7f]", lambda found: json.dumps(found[0])[1:-1], text)
        elif form == "html":
            text = text.encode("ascii", "xmlcharrefreplace").decode()
    show(text)


def flush() -> None:
    """Flush stdout."""
    sys.stdout.flush()


def confirm(question: str, *, otherwise: str) -> None:
    """Ask the user on the terminal, and go on only after a yes.

    Args:
        question: Without the `[y/N]`.
        otherwise: What the error recommends if nobody can be asked.

    Raises:
        InputError: stdin is not a terminal, or the answer is not yes.
    """
    from gridctl.errors import InputError

    if not sys.stdin.isatty():
        raise InputError("nobody is here to be asked, so nothing was done", fix=otherwise)
    sys.stderr.write(f"{question} [y/N]: ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise InputError("not confirmed, so nothing was done", fix=otherwise)


def show_json(value: Any) -> None:
    """Results as JSON, to stdout."""
    show(json_text(value, indent=2))


def json_text(value: Any, indent: int | None = None) -> str:
    """A value as JSON that stdout can encode."""
    from gridctl_trainer.terminal.standard_streams import takes_unicode

    return json.dumps(value, indent=indent, ensure_ascii=not takes_unicode(sys.stdout), allow_nan=False)


def show_error(fault: Fault) -> None:
    """Every problem of a fault, to stderr."""
    from rich.text import Text

    from gridctl_trainer.contract.errors import SHOWN_PROBLEMS

    console = stderr_console()
    if len(fault.problems) > 1:
        console.print(Text(f"error: {len(fault.problems):,} mistakes", style="bold red"))
    for problem in fault.problems[:SHOWN_PROBLEMS]:
        line = Text()
        if len(fault.problems) == 1:
            line.append("error: ", style="bold red")
        if problem.where:
            line.append(f"{problem.where}: ", style="bold")
        line.append(problem.what)
        console.print(line, soft_wrap=True)
        if problem.fix:
            console.print(Text(f"  {problem.fix}", style="cyan"), soft_wrap=True)
    if len(fault.problems) > SHOWN_PROBLEMS:
        console.print(f"... and {len(fault.problems) - SHOWN_PROBLEMS:,} more", soft_wrap=True)


def say_unreadable(problems: Sequence[object]) -> None:
    """List on stderr what could not be read of an experiment: the first problems, and how many more."""
    from gridctl_trainer.contract.errors import first_shown

    for problem in first_shown(problems):
        say(f"unreadable: {problem}")


def stderr_console() -> Console:
    """The console of bars and messages; it draws nothing while another listener receives the messages."""
    from rich.console import Console

    if _listener.get() is not on_stderr:
        return Console(stderr=True, quiet=True, force_terminal=False, force_jupyter=False)
    return Console(stderr=True, highlight=False)


def stdout_console() -> Console:
    """The console of tables: as wide as the terminal; of unlimited width without one."""
    from rich.console import Console

    unlimited = not sys.stdout.isatty() and not os.environ.get("COLUMNS", "").isdecimal()
    return Console(highlight=False, width=_ENDLESS_COLUMNS if unlimited else None)


def duration(seconds: float | None) -> str:
    """`42 s`, `3 min 5 s`, `34 min`, `2 h 10 min`, `3 d 4 h`; empty if unknown."""
    if seconds is None:
        return ""
    whole = round(seconds)
    days, hours, minutes, rest = whole // 86400, whole // 3600 % 24, whole // 60 % 60, whole % 60
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    if minutes >= 10:
        return f"{minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def training_time(seconds: float, *, on_gpu: bool) -> str:
    """Total training time of runs, one after the other: `42 s`, `4 min of GPU time`, `2.5 GPU-hours`."""
    if round(seconds) < 3600:
        return f"{duration(seconds)} of GPU time" if on_gpu else duration(seconds)
    return f"{seconds / 3600:,.1f} {'GPU-hours' if on_gpu else 'hours'}"


def age(seconds: float) -> str:
    """How long ago, roughly: `just now`, `12 min ago`."""
    return "just now" if seconds < 60 else f"{duration(timedelta(seconds=seconds).total_seconds())} ago"
