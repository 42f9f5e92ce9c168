"""The text of a file that a user names."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from gridctl.errors import InputError
from gridctl.experiment.yaml_text.bounded_yaml import MAX_BYTES, too_large
from gridctl_trainer.host.bounded_file import TooLargeFileError, UnreadableFileError, read_bounded

_BYTE_ORDER_MARKS: Final = {
    b"\xff\xfe\0\0": "UTF-32",
    b"\0\0\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}


def read_text_file(path: Path) -> str:
    """The text of an experiment file.

    Raises:
        FileNotFoundError: There is none.
        InputError: It cannot be read, is not UTF-8, or is larger than any experiment file.
    """
    try:
        data = read_bounded(path, MAX_BYTES)
    except TooLargeFileError:
        raise too_large(path) from None
    except UnreadableFileError as error:
        raise InputError(str(error), where=path, fix="give the path of a YAML file") from None
    return decode_text(data, path)


def decode_text(data: bytes, source: object) -> str:
    """Bytes as text, without UTF-8's byte order mark.

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
            f"it is not UTF-8: byte {data[error.start]:#04x} does not begin a character",
            where=f"{source}:{line}",
            fix="save it as UTF-8; editors call what it is now Latin-1 or Windows-1252",
        ) from None
