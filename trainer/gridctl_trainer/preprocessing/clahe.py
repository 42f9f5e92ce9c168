"""CLAHE on 16-bit integers as OpenCV computes it, but without 65536 bins for each of 64 tiles.

With that many bins and tiles of a few thousand pixels, OpenCV's clip limit amounts to one count per bin. A clipped
histogram therefore only says which values occur, and the clipped counts are redistributed one at a time at even steps.
The cumulative sum of this is computed here up to the largest value of the image, with the same result.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

CLIP_LIMIT: Final = 2.0
TILES: Final = 8

_BINS: Final = 1 << 16
_LARGEST_VALUE: Final = 1 << 13
"""For images with larger values, OpenCV itself is no slower."""


def equalise(image: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """Contrast-limited adaptive histogram equalisation, clip limit 2, 8x8 tiles.

    Args:
        image: (H, W).

    Returns:
        (H, W), bit-identical to `cv2.createCLAHE(2.0, (8, 8)).apply(image)`.
    """
    height, width = image.shape
    if height % TILES == 0 and width % TILES == 0:
        extended = image
    else:
        below, right = TILES - height % TILES, TILES - width % TILES
        extended = np.asarray(cv2.copyMakeBorder(image, 0, below, 0, right, cv2.BORDER_REFLECT_101), dtype=np.uint16)
    tile_height, tile_width = extended.shape[0] // TILES, extended.shape[1] // TILES
    largest = int(image.max())
    if tile_height * tile_width * CLIP_LIMIT >= 2 * _BINS or largest > _LARGEST_VALUE:
        return np.asarray(cv2.createCLAHE(CLIP_LIMIT, (TILES, TILES)).apply(image), dtype=np.uint16)
    tables = _tables(extended, tile_height, tile_width, largest)
    rows, columns = _neighbours(height, tile_height), _neighbours(width, tile_width)
    return _interpolated(image, tables, rows, columns)


def _tables(extended: NDArray[np.uint16], tile_height: int, tile_width: int, largest: int) -> NDArray[np.float32]:
    """Compute the new value of each grey value in each tile: (TILES * TILES, largest + 1), integral."""
    pixels = tile_height * tile_width
    by_tile = extended.reshape(TILES, tile_height, TILES, tile_width).swapaxes(1, 2).reshape(TILES * TILES, pixels)
    present = np.zeros((TILES * TILES, largest + 1), dtype=np.int32)
    np.put_along_axis(present, by_tile.astype(np.intp), 1, axis=1)
    below = np.cumsum(present, axis=1, dtype=np.int32)
    clipped = pixels - below[:, -1:]
    step = np.maximum(_BINS // np.maximum(clipped, 1), 1)
    below += np.minimum(clipped, np.arange(largest + 1, dtype=np.int32) // step + 1)
    scaled = below.astype(np.float32) * np.float32((_BINS - 1) / np.float32(pixels))
    tables: NDArray[np.float32] = np.clip(np.rint(scaled), 0, _BINS - 1)
    return tables


def _neighbours(length: int, tile: int) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]:
    """For each row or column, the index of the tile before and after it, and the weight of the latter."""
    at = np.arange(length, dtype=np.float32) * (np.float32(1) / np.float32(tile)) - np.float32(0.5)
    before = np.floor(at)
    weight = at - before
    first = before.astype(np.intp)
    return np.maximum(first, 0), np.minimum(first + 1, TILES - 1), weight


def _interpolated(
    image: NDArray[np.uint16],
    tables: NDArray[np.float32],
    rows: tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]],
    columns: tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]],
) -> NDArray[np.uint16]:
    """Interpolate each pixel between the four tiles around it, in OpenCV's order of operations."""
    flat, stride = tables.ravel(), tables.shape[1]
    left, right = (columns[side] * stride + image for side in (0, 1))
    nearer, across = np.float32(1) - columns[2], columns[2]
    up, down = ((rows[side] * (TILES * stride))[:, None] for side in (0, 1))
    upper = flat.take(up + left) * nearer + flat.take(up + right) * across
    lower = flat.take(down + left) * nearer + flat.take(down + right) * across
    weight = rows[2][:, None]
    result = upper * (np.float32(1) - weight) + lower * weight
    integers: NDArray[np.uint16] = np.clip(np.rint(result), 0, _BINS - 1).astype(np.uint16)
    return integers
