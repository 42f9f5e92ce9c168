"""The true labels on the grid of the scanner, kept beside the squares that models see."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

_LEVEL = 9


def _no_bytes() -> NDArray[np.uint8]:
    return np.zeros(0, dtype=np.uint8)


@dataclass(frozen=True)
class ScannedLabels:
    """Label maps of slices, each compressed by itself: some hundred bytes, unpacked when it is asked for.

    Attributes:
        packed: (bytes,) uint8, one map after the other, deflated; may be memory-mapped.
        ends: Where each ends.
    """

    packed: NDArray[np.uint8] = field(default_factory=_no_bytes)
    ends: tuple[int, ...] = ()

    @classmethod
    def of(cls, maps: Iterable[NDArray[np.uint8]]) -> ScannedLabels:
        """Compress maps.

        Args:
            maps: (H, W) each, of whatever shape.
        """
        parts = [zlib.compress(np.ascontiguousarray(found).tobytes(), _LEVEL) for found in maps]
        ends = np.cumsum([len(part) for part in parts], dtype=np.int64)
        return cls(np.frombuffer(b"".join(parts), dtype=np.uint8), tuple(int(end) for end in ends))

    @classmethod
    def join(cls, parts: Sequence[ScannedLabels]) -> ScannedLabels:
        """Those of several patients, in that order."""
        ends: list[int] = []
        for part in parts:
            start = ends[-1] if ends else 0
            ends += [start + end for end in part.ends]
        return cls(np.concatenate([_no_bytes(), *(part.packed for part in parts)]), tuple(ends))

    def __len__(self) -> int:
        return len(self.ends)

    def read(self, row: int, shape: tuple[int, int]) -> NDArray[np.uint8]:
        """The map of one slice.

        Args:
            row: Which.
            shape: Its rows and columns.

        Returns:
            (H, W) uint8: 0 background, else the number of a structure of the target, from 1.
        """
        start = self.ends[row - 1] if row else 0
        content = zlib.decompress(self.packed[start : self.ends[row]].tobytes())
        return np.frombuffer(content, dtype=np.uint8).reshape(shape)
