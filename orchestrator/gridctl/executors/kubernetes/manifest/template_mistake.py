"""A mistake in a template, and where it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_LONGEST_MESSAGE: Final = 300


@dataclass(eq=False)
class TemplateMistake(Exception):
    """A mistake in a template.

    Attributes:
        what: The mistake in one sentence.
        line: Line of the template; 0 if unknown.
        fix: What to do; empty if there is nothing to add.
    """

    what: str
    line: int = 0
    fix: str = ""


def quoted(message: str) -> str:
    """A foreign message, on one line and shortened."""
    line = " ".join("".join(char if char.isprintable() else " " for char in message[: 4 * _LONGEST_MESSAGE]).split())
    return line if len(line) <= _LONGEST_MESSAGE else f"{line[:_LONGEST_MESSAGE]} …"
