"""Shell completion of both commands: it may find nothing, but it never fails and never prints an error."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Iterable
from typing import Any

Completer = Callable[[Any, str], list[str]]


def completer(function: Callable[[Any, str], Iterable[str]]) -> Completer:
    """A function that completes a value: whatever goes wrong in it, nothing is proposed.

    Args:
        function: Takes typer's context and the beginning of the value; returns all values that may be meant.
    """

    @functools.wraps(function)
    def complete(ctx: Any, incomplete: str) -> list[str]:
        try:
            return [value for value in function(ctx, incomplete) if value.startswith(incomplete)]
        except Exception:
            return []

    complete.__annotations__ = {}  # typer tells the arguments apart by their names then
    return complete


def is_completing(program: str) -> bool:
    """Whether a shell asks for completions of a program, instead of a user running it."""
    variable = f"_{program.replace('-', '_').upper()}_COMPLETE"
    return os.environ.get(variable, "").startswith("complete")


def answer_shell(app: Callable[[], object]) -> None:
    """Print completions, and nothing else whatever happens."""
    sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - until the process ends
    try:
        app()
    except Exception:
        sys.exit(0)
