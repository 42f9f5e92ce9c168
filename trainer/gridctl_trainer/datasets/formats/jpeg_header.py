"""Reads the image size from the header of a JPEG, JPEG-LS or JPEG 2000 stream without decoding it."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

_JPEG_2000: Final = b"\xff\x4f\xff\x51"
"""Start of a codestream, followed by its size marker (ISO/IEC 15444-1, A.4 and A.5)."""
_JP2_FILE: Final = b"\x00\x00\x00\x0cjP  "
"""Start of a JP2 file that wraps the codestream; the standard forbids it in DICOM, but some programs write it."""
_WITHOUT_LENGTH: Final = frozenset((0x01, *range(0xD0, 0xD9)))
_START_OF_FRAME: Final = frozenset((*range(0xC0, 0xD0), 0xF7)) - {0xC4, 0xC8, 0xCC}
"""Start-of-frame markers of ISO/IEC 10918-1, table B.1, and 0xF7 for JPEG-LS (ISO/IEC 14495-1)."""
_END_OF_IMAGE: Final = b"\xff\xd9"


@dataclass(frozen=True, slots=True)
class JpegHeader:
    """Size of the image in pixels, samples per pixel, and bits per sample."""

    rows: int
    columns: int
    samples: int
    bits: int


def read_jpeg_header(stream: bytes) -> JpegHeader:
    """Read the header of a whole stream.

    Raises:
        ValueError: The stream is of another kind, damaged or cut off.
    """
    if _END_OF_IMAGE not in stream:  # this marker cannot occur within pixel data
        raise ValueError("it is cut off")
    try:
        if stream.startswith((_JPEG_2000, _JP2_FILE)):
            return _jpeg_2000(stream, stream.index(_JPEG_2000))
        return _jpeg(stream)
    except (struct.error, IndexError, ValueError):
        raise ValueError("its header is damaged") from None


def _jpeg(stream: bytes) -> JpegHeader:
    at = 2
    while stream.startswith(b"\xff\xd8") and stream[at] == 0xFF:
        marker = stream[at + 1]
        if marker in _START_OF_FRAME:
            bits, rows, columns, samples = struct.unpack_from(">BHHB", stream, at + 4)
            return JpegHeader(rows, columns, samples, bits)
        if marker == 0xFF:
            at += 1
        else:
            at += 2 if marker in _WITHOUT_LENGTH else 2 + struct.unpack_from(">H", stream, at + 2)[0]
    raise ValueError("its header is damaged")


def _jpeg_2000(stream: bytes, at: int) -> JpegHeader:
    right, bottom, left, top = struct.unpack_from(">4I", stream, at + 8)
    samples, bits = struct.unpack_from(">HB", stream, at + 40)
    if bottom <= top or right <= left:
        raise ValueError
    return JpegHeader(bottom - top, right - left, samples, (bits & 0x7F) + 1)
