"""Reading a text file that a user names, whatever lies there: never endless, never waited for without end."""

from __future__ import annotations

import os
import select
import stat
from pathlib import Path
from typing import Final

from orchestrator.errors import InputError
from orchestrator.experiment.bounded_yaml import MAX_BYTES, too_large

_PIPE_TIMEOUT_S: Final = 30.0
_BYTE_ORDER_MARKS: Final = {
    b"\xff\xfe\0\0": "UTF-32",
    b"\0\0\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}


def read_text_file(path: Path, max_bytes: int = MAX_BYTES) -> str:
    """The text of a file or pipe.

    Raises:
        FileNotFoundError: There is none.
        InputError: It cannot be read, is not UTF-8, or is larger than `max_bytes`.
    """
    try:
        opened = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        try:
            data = _read(opened, path, max_bytes)
        finally:
            os.close(opened)
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or str(error)
        raise InputError(f"cannot read it: {reason}", where=path) from None
    return decode_text(data, path)


def decode_text(data: bytes, source: object) -> str:
    """Bytes as text; a byte order mark of UTF-8 is left out.

    Raises:
        InputError: They are not UTF-8.
    """
    for mark, name in _BYTE_ORDER_MARKS.items():
        if data.startswith(mark):
            raise InputError(f"it is {name}, not UTF-8", where=source, fix="save it as UTF-8")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"it is not UTF-8: byte {data[error.start]:#04x} is no beginning of a character here",
            where=f"{source}:{line}",
            fix="save it as UTF-8; editors call what it is now Latin-1 or Windows-1252",
        ) from None


def _read(opened: int, path: Path, max_bytes: int) -> bytes:
    kind = os.fstat(opened).st_mode
    if not (stat.S_ISREG(kind) or stat.S_ISFIFO(kind)):
        what = "a folder" if stat.S_ISDIR(kind) else "a device or socket"
        raise InputError(f"this is {what}, not a file", where=path, fix="give the path of a file")
    data = bytearray()
    while len(data) <= max_bytes:
        try:
            part = os.read(opened, max_bytes + 1 - len(data))
        except BlockingIOError:  # a pipe whose writer is at work
            if not select.select([opened], [], [], _PIPE_TIMEOUT_S)[0]:
                raise InputError("nothing comes out of this pipe", where=path, fix="give the path of a file") from None
            continue
        if not part:
            return bytes(data)
        data += part
    raise too_large(path)
