"""Packs rows of levels, such as learning curves, without loss: about 8 bits per value of a noisy curve.

Every value is written as its distance from the one before, as a Rice code: so many ones as the distance has whole
multiples of 2^k, a zero, and the remainder in k bits. The distances so far of the row decide k.

Source: Rice (1979); k as in lossless coding of images (Weinberger, Seroussi and Sapiro, 2000). `packed.js` reads it.
"""

from __future__ import annotations

import base64
from typing import Final

import numpy as np
from numpy.typing import NDArray

NO_VALUE: Final = 4095
"""The largest level, which stands for no value."""

_ESCAPE, _RAW_BITS = 12, 13
"""So many ones say that the distance follows in so many bits."""

_FIRST_MEAN, _MEMORY_BITS = 256, 3
"""Mean distance expected in the beginning; each further one counts 1/8."""

Levels = NDArray[np.int64]


def pack_levels(levels: Levels) -> str:
    """Write rows of levels as base64.

    Args:
        levels: Shape (rows, columns), in [0, 4095].
    """
    if not levels.size:
        return ""
    distances = _distances(levels)
    k = _parameters(distances)
    quotient = distances >> k
    ones = (1 << np.minimum(quotient, _ESCAPE)) - 1
    short = quotient < _ESCAPE
    codes = np.where(short, (ones << (k + 1)) | (distances & ((1 << k) - 1)), (ones << _RAW_BITS) | distances).ravel()
    lengths = np.where(short, quotient + 1 + k, _ESCAPE + _RAW_BITS).ravel()
    ends = np.cumsum(lengths)
    behind = np.repeat(ends, lengths) - 1 - np.arange(ends[-1])  # bits of the same code behind each bit
    bits = (np.repeat(codes, lengths) >> behind) & 1
    return base64.b64encode(np.packbits(bits.astype(np.uint8)).tobytes()).decode()


def _distances(levels: Levels) -> Levels:
    """From the value before: 0, -1, 1, -2, ... as 0, 1, 2, 3, ..."""
    off = np.diff(levels, axis=1, prepend=0)
    return np.where(off < 0, -2 * off - 1, 2 * off)


def _parameters(distances: Levels) -> Levels:
    """K of each code: such that 2^k is near three quarters of the mean distance so far."""
    parameters = np.empty_like(distances)
    scaled = np.full(len(distances), _FIRST_MEAN << _MEMORY_BITS, dtype=np.int64)
    for column in range(distances.shape[1]):
        mean = scaled >> _MEMORY_BITS
        _, exponents = np.frexp(((3 * mean + 1) >> 2).astype(float))  # bits of an integer
        parameters[:, column] = np.maximum(exponents - 1, 0)
        scaled += distances[:, column] - mean
    return parameters
