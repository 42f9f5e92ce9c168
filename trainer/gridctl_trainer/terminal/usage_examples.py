"""The last lines of every `--help`: commands that work."""

from __future__ import annotations

HEADING = "Examples:"


def examples(*commands: str) -> str:
    """An epilog for typer, one command a line.

    Args:
        commands: Each at most 76 characters, so that it stays one line on 80 columns.
    """
    return "\n".join([HEADING, *(f"$ {command}" for command in commands)])
