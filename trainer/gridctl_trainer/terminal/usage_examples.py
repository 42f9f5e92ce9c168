"""The examples at the end of every `--help`."""

from __future__ import annotations

HEADING = "Examples:"


def examples(*commands: str) -> str:
    """Make an epilog for typer, with one command per line.

    Args:
        *commands: The commands, each of at most 76 characters, so that it fits on one line of 80 columns.
    """
    return "\n".join([HEADING, *(f"$ {command}" for command in commands)])
