"""Files that appear whole and synced, or not at all."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

TEMPORARY_PREFIX: Final = ".writing-"
"""Begins the name of a file being written; one left by a killed process may be deleted."""


@contextlib.contextmanager
def replacing(path: Path, *, only_if_absent: bool = False) -> Iterator[IO[bytes]]:
    """Write a file beside `path`, sync it, and rename it to `path` at the end.

    Args:
        path: The goal; its folder is made if missing.
        only_if_absent: Keep a file that is there already.

    Raises:
        FileExistsError: There is a file already, and `only_if_absent`.
        OSError: It cannot be written; nothing is left behind.
    """
    temporary = path.parent / f"{TEMPORARY_PREFIX}{uuid.uuid4().hex}"
    opened = _open_in_its_folder(temporary)
    try:
        with opened as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if only_if_absent:
            os.link(temporary, path)  # unlike a rename, fails if the goal exists
            temporary.unlink()
        else:
            temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    _sync_folder(path.parent)


def _open_in_its_folder(path: Path) -> IO[bytes]:
    """Open a new file, making its folder, which another process may remove as empty meanwhile."""
    for _ in range(10):
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            return path.open("xb")
    return path.open("xb")


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
