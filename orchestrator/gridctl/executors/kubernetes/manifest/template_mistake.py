"""What is wrong with a template, and where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_LONGEST_MESSAGE: Final = 300


@dataclass(eq=False)
class TemplateMistake(Exception):
    """What is wrong with a template.

    Attributes:
        what: In one sentence.
        line: Of the template; 0 if it has none.
        fix: What to do; empty if there is nothing to add.
    """

    what: str
    line: int = 0
    fix: str = ""


def quoted(message: str) -> str:
    """Somebody else's message, on one line and not too long."""
    line = " ".join("".join(char if char.isprintable() else " " for char in message[: 4 * _LONGEST_MESSAGE]).split())
    return line if len(line) <= _LONGEST_MESSAGE else f"{line[:_LONGEST_MESSAGE]} …"
