"""Small text files of data sets, in whatever encoding an editor left them."""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import Final

from gridctl_trainer.contract.errors import DataError

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def read_text(path: Path, fix: str = "") -> str:
    """Read UTF-8, UTF-16 or UTF-32 by its byte order mark; without one UTF-8, else Latin-1.

    Raises:
        DataError: It cannot be read, or is not text in the encoding its byte order mark names.
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
