"""What `gridctl init` puts on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from gridctl.errors import InputError
from gridctl_trainer.host.atomic_file import replacing

SCHEMA_NAME: Final = ".gridctl/experiment.schema.json"
"""Beside the file, so that editors find it and Git ignores it."""


def write(text: str, path: Path, *, force: bool) -> None:
    """Write the experiment file.

    Raises:
        InputError: Something lies there already, or it cannot be written.
    """
    try:
        with replacing(path, only_if_absent=not force) as file:
            file.write(text.encode())
    except FileExistsError:
        fix = "-o FILE writes another, --force overwrites it"
        raise InputError("there is a file already, and nothing was written", where=path, fix=fix) from None
    except OSError as error:
        what = f"cannot write it: {error.strerror or error}"
        raise InputError(what, where=error.filename or path, fix="give another file with -o") from None


def write_schema(folder: Path) -> str:
    """Put the schema of an experiment file's keys beside it, for editors.

    Returns:
        Why it could not be written; empty if it was.
    """
    from gridctl.experiment.reference.json_schema import schema_text

    path = folder / SCHEMA_NAME
    try:
        with replacing(path) as file:
            file.write(schema_text().encode())
        if not (path.parent / ".gitignore").exists():
            (path.parent / ".gitignore").write_text("*\n", encoding="utf-8")
    except OSError as error:
        return f"{path}: cannot write it: {error.strerror or error}"
    return ""
