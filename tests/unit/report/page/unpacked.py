"""Reads packed levels as the page's script does, but one bit after the other."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray


def unpacked(text: str, rows: int, columns: int) -> NDArray[np.int64]:
    """Levels of shape (rows, columns)."""
    bits = iter(np.unpackbits(np.frombuffer(base64.b64decode(text), np.uint8)).tolist())
    return np.array([list(_row(bits, columns)) for _ in range(rows)], dtype=np.int64).reshape(rows, columns)


def _row(bits: Iterator[int], columns: int) -> Iterator[int]:
    level, scaled = 0, 256 * 8
    for _ in range(columns):
        mean = scaled // 8
        k = max(0, ((3 * mean + 1) // 4).bit_length() - 1)
        ones = 0
        while ones < 12 and next(bits):
            ones += 1
        distance = ones * 2**k + _number(bits, k) if ones < 12 else _number(bits, 13)
        level += -((distance + 1) // 2) if distance % 2 else distance // 2
        scaled += distance - mean
        yield level


def _number(bits: Iterator[int], count: int) -> int:
    found = 0
    for _ in range(count):
        found = 2 * found + next(bits)
    return found
