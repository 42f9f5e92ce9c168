"""Reads a file that a user names, with bounds on its size and on waiting."""

from __future__ import annotations

import os
import select
import stat
from pathlib import Path
from typing import Final

_PIPE_TIMEOUT_S: Final = 30.0
_PART_BYTES: Final = 1 << 20
"""How much is read at a time; a buffer of this size is made for each part."""


class UnreadableFileError(Exception):
    """The path exists but cannot be read as a file."""


class TooLargeFileError(UnreadableFileError):
    """The file is larger than any valid one."""


def read_bounded(path: Path, max_bytes: int) -> bytes:
    """Read a file, or a pipe to which another process writes.

    Raises:
        FileNotFoundError: There is no such file.
        TooLargeFileError: The file is larger than `max_bytes`.
        UnreadableFileError: The path is not a file, or cannot be read.
    """
    try:
        opened = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        try:
            return _read(opened, max_bytes)
        finally:
            os.close(opened)
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:  # a path with a zero byte is a ValueError
        reason = (isinstance(error, OSError) and error.strerror) or str(error)
        raise UnreadableFileError(f"cannot read it: {reason}") from None


def _read(opened: int, max_bytes: int) -> bytes:
    kind = os.fstat(opened).st_mode
    if not (stat.S_ISREG(kind) or stat.S_ISFIFO(kind)):
        raise UnreadableFileError(f"this is {'a folder' if stat.S_ISDIR(kind) else 'a device or socket'}, not a file")
    data = bytearray()
    while len(data) <= max_bytes:
        try:
            part = os.read(opened, min(_PART_BYTES, max_bytes + 1 - len(data)))
        except BlockingIOError:  # a pipe whose writer has not written yet
            if not select.select([opened], [], [], _PIPE_TIMEOUT_S)[0]:
                raise UnreadableFileError("nothing comes out of this pipe") from None
            continue
        if not part:
            return bytes(data)
        data += part
    raise TooLargeFileError(f"it is larger than {max_bytes // 1024:,} KiB")
