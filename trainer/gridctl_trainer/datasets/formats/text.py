"""Reads small text files of data sets, whatever their Unicode encoding."""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import Final

from gridctl_trainer.contract.errors import DataError

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # must come before UTF-16, as it begins with the same two bytes
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def read_text(path: Path, fix: str = "") -> str:
    """Read text in the encoding that its byte order mark names, or without a mark as UTF-8 or else Latin-1.

    Args:
        path: The file.
        fix: What to do if the file cannot be read, for the message.

    Raises:
        DataError: The file cannot be read, or is not in the encoding that its byte order mark names.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"cannot read it: {error.strerror}", where=path, fix=fix) from None
    encoding = next((encoding for mark, encoding in _MARKS if content.startswith(mark)), "")
    try:
        if encoding:
            return content.decode(encoding)
    except UnicodeDecodeError:
        raise DataError(f"its byte order mark says {encoding}, but it is not", where=path) from None
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("latin-1")
