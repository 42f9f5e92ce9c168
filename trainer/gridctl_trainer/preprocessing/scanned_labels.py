"""The true labels on the grid of the scanner, which are kept beside the squares that models see."""

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
    """Label maps of slices. Each is compressed separately to some hundred bytes and decompressed on demand.

    Attributes:
        packed: (bytes,) uint8, the compressed maps one after another; may be memory-mapped.
        ends: Offset of the end of each map.
    """

    packed: NDArray[np.uint8] = field(default_factory=_no_bytes)
    ends: tuple[int, ...] = ()

    @classmethod
    def of(cls, maps: Iterable[NDArray[np.uint8]]) -> ScannedLabels:
        """Compress label maps.

        Args:
            maps: (H, W) uint8 each; shapes may differ.
        """
        parts = [zlib.compress(np.ascontiguousarray(found).tobytes(), _LEVEL) for found in maps]
        ends = np.cumsum([len(part) for part in parts], dtype=np.int64)
        return cls(np.frombuffer(b"".join(parts), dtype=np.uint8), tuple(int(end) for end in ends))

    @classmethod
    def join(cls, parts: Sequence[ScannedLabels]) -> ScannedLabels:
        """Concatenate the label maps of several patients."""
        ends: list[int] = []
        for part in parts:
            start = ends[-1] if ends else 0
            ends += [start + end for end in part.ends]
        return cls(np.concatenate([_no_bytes(), *(part.packed for part in parts)]), tuple(ends))

    def __len__(self) -> int:
        return len(self.ends)

    def read(self, row: int, shape: tuple[int, int]) -> NDArray[np.uint8]:
        """Decompress the map of one slice.

        Args:
            row: Index of the slice.
            shape: Rows and columns of the slice.

        Returns:
            (H, W) uint8: 0 for background, otherwise the number of a structure in the target, from 1.
        """
        start = self.ends[row - 1] if row else 0
        content = zlib.decompress(self.packed[start : self.ends[row]].tobytes())
        return np.frombuffer(content, dtype=np.uint8).reshape(shape)
