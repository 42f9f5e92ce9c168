"""From a slice as scanned to the square that a model sees (thesis 4.2), in this order:

Gaussian, CLAHE, min-max scaling, resize, pad, crop. The first four can be left out.
"""

from __future__ import annotations

from typing import Final, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from trainer.contract.spec import DataSpec

Image = NDArray[np.float32]
Mask = NDArray[np.uint8]

Pixels = TypeVar("Pixels", NDArray[np.float32], NDArray[np.uint8])

_CLIP_LIMIT: Final = 2.0
_TILES: Final = (8, 8)


def preprocess(image: Image, mask: Mask, data: DataSpec) -> tuple[Image, Mask]:
    """Prepare one slice.

    Args:
        image: (H, W), raw intensities.
        mask: (H, W), 0 or 1, on the same pixels.
        data: Which steps, and the side of the square.

    Returns:
        Image float32 and mask uint8, each (size_px, size_px), on the same pixels.
    """
    steps = data.preprocessing
    image = image.astype(np.float32, copy=False)
    if steps.gaussian:
        image = gaussian(image)
    if steps.clahe:
        image = clahe(image)
    if steps.minmax:
        image = minmax(image)
    if steps.resize:
        image, mask = downsample(image, mask, data.size_px)
    return pad_and_crop(image, data.size_px), pad_and_crop(mask, data.size_px)


def gaussian(image: Image) -> Image:
    """3x3 Gaussian blur, sigma 1 px; (H, W) float32, edges mirrored."""
    return np.asarray(cv2.GaussianBlur(image, (3, 3), 1.0), dtype=np.float32)


def clahe(image: Image) -> Image:
    """Contrast-limited adaptive histogram equalisation, clip limit 2, 8x8 tiles.

    As run by the thesis's author it works on 16-bit integers, to which raw intensities are
    rounded without being scaled; negative ones become 0.

    Args:
        image: (H, W) float32, raw intensities.

    Returns:
        (H, W) float32, integral values in 0..65535.
    """
    integers = np.clip(np.rint(image), 0, np.iinfo(np.uint16).max).astype(np.uint16)
    equalised = cv2.createCLAHE(clipLimit=_CLIP_LIMIT, tileGridSize=_TILES).apply(integers)
    return np.asarray(equalised, dtype=np.float32)


def minmax(image: Image) -> Image:
    """Scale to [0, 1]; an image of one value becomes 0. (H, W) float32."""
    low, high = float(image.min()), float(image.max())
    if high <= low:
        return np.zeros_like(image)
    scaled: Image = np.clip((image - low) / (high - low), 0, 1).astype(np.float32)
    return scaled


def downsample(image: Image, mask: Mask, size_px: int) -> tuple[Image, Mask]:
    """Shrink so that the shorter edge equals `size_px`, if it is longer; never enlarge.

    Args:
        image: (H, W) float32: shrunk by averaging areas.
        mask: (H, W) uint8, 0 or 1: nearest pixels.
        size_px: Wanted shorter edge.
    """
    height, width = image.shape
    shorter = min(height, width)
    if shorter <= size_px:
        return image, mask
    size = (max(size_px, round(width * size_px / shorter)), max(size_px, round(height * size_px / shorter)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.float32), np.asarray(
        cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST_EXACT), dtype=np.uint8
    )


def pad_and_crop(pixels: Pixels, size_px: int) -> Pixels:
    """Pad with black to at least `size_px`, then cut the centre square. (H, W) to (size_px, size_px)."""
    height, width = pixels.shape
    missing = (max(0, size_px - height), max(0, size_px - width))
    padded = np.pad(pixels, [(total // 2, total - total // 2) for total in missing])
    top, left = (padded.shape[0] - size_px) // 2, (padded.shape[1] - size_px) // 2
    return np.ascontiguousarray(padded[top : top + size_px, left : left + size_px])
