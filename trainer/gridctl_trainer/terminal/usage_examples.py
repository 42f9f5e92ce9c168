"""The last lines of every `--help`: commands that work."""

from __future__ import annotations

HEADING = "Examples:"


def examples(*commands: str) -> str:
    """An epilog for typer, one command a line.

    Args:
        commands: Each at most 76 characters, so that it stays one line on 80 columns; square brackets escaped as
            `rich` needs it are not counted.
    """
    return "\n".join([HEADING, *(f"$ {command}".replace("[", r"\[") for command in commands)])
