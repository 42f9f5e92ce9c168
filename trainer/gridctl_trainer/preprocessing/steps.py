"""From a slice as scanned to the square that a model sees (thesis 4.2), in this order:

Gaussian, CLAHE, min-max scaling, resize, pad, crop. The first four can be left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from gridctl_trainer.contract.spec import DataSpec, PreprocessingSpec
from gridctl_trainer.preprocessing.clahe import equalise

Image = NDArray[np.float32]
Mask = NDArray[np.uint8]

Pixels = TypeVar("Pixels", NDArray[np.float32], NDArray[np.uint8])


@dataclass(frozen=True, slots=True)
class PreparedSlice:
    """One slice as models see it.

    Attributes:
        series: (T, size_px, size_px) float32.
        mask: (size_px, size_px) uint8, 0 or 1, on the same pixels.
        pixel_area: Of a pixel, in pixels as scanned: above 1 where the slice was shrunk.
        cropped_px: Pixels of the mask, after shrinking, that the crop cut off.
    """

    series: Image
    mask: Mask
    pixel_area: float
    cropped_px: int


def preprocess(series: Image, mask: Mask, data: DataSpec) -> PreparedSlice:
    """Prepare one slice; every frame for itself, as if it were the labelled one.

    Args:
        series: (T, H, W), raw intensities.
        mask: (H, W), 0 or 1, on the same pixels.
        data: Which steps, and the side of the square.
    """
    steps, size_px = data.preprocessing, data.size_px
    shape = mask.shape
    prepared = np.empty((len(series), size_px, size_px), dtype=np.float32)
    small = shrunk_shape(mask.shape[0], mask.shape[1], size_px) if steps.resize else None
    for frame, image in zip(prepared, series, strict=True):
        whole = enhance(image, steps)
        pad_and_crop_into(frame, shrink(whole, small) if small else whole)
    if small:
        mask = shrink_mask(mask, small)
    square = np.empty((size_px, size_px), dtype=np.uint8)
    pad_and_crop_into(square, mask)
    area = shape[0] * shape[1] / (mask.shape[0] * mask.shape[1])
    return PreparedSlice(prepared, square, area, int(mask.sum()) - int(square.sum()))


def enhance(image: Image, steps: PreprocessingSpec) -> Image:
    """The steps that keep an image's size; (H, W), raw intensities, to float32."""
    image = image.astype(np.float32, copy=False)
    if steps.gaussian:
        image = gaussian(image)
    if steps.clahe:
        image = clahe(image)
    if steps.minmax:
        image = minmax(image)
    return image


def gaussian(image: Image) -> Image:
    """3x3 Gaussian blur, sigma 1 px; (H, W) float32, edges mirrored."""
    return np.asarray(cv2.GaussianBlur(image, (3, 3), 1.0), dtype=np.float32)


def clahe(image: Image) -> Image:
    """Contrast-limited adaptive histogram equalisation, clip limit 2, 8x8 tiles.

    As run by the thesis's author it works on 16-bit integers, to which raw intensities are
    rounded without being scaled; negative ones become 0. Volumes that would lose by that are
    rescaled before (`grey_levels`).

    Args:
        image: (H, W) float32, raw intensities.

    Returns:
        (H, W) float32, integral values in 0..65535.
    """
    integers = np.clip(np.rint(image), 0, np.iinfo(np.uint16).max).astype(np.uint16)
    return equalise(integers).astype(np.float32)


def minmax(image: Image) -> Image:
    """Scale to [0, 1]; an image of one value becomes 0. (H, W) float32."""
    low, high = float(image.min()), float(image.max())
    if high <= low:
        return np.zeros_like(image)
    scaled = image - np.float32(low)
    scaled /= np.float32(high - low)
    return scaled


def shrunk_shape(height: int, width: int, size_px: int) -> tuple[int, int] | None:
    """Rows and columns after shrinking so that the shorter edge equals `size_px`.

    None if it is not longer than that: nothing is ever enlarged.
    """
    shorter = min(height, width)
    if shorter <= size_px:
        return None
    return max(size_px, round(height * size_px / shorter)), max(size_px, round(width * size_px / shorter))


def shrink(image: Image, shape: tuple[int, int]) -> Image:
    """Shrink by averaging areas; (H, W) float32 to `shape`."""
    return np.asarray(cv2.resize(image, shape[::-1], interpolation=cv2.INTER_AREA), dtype=np.float32)


def shrink_mask(mask: Mask, shape: tuple[int, int]) -> Mask:
    """Shrink to the nearest pixels; (H, W) uint8 to `shape`."""
    return np.asarray(cv2.resize(mask, shape[::-1], interpolation=cv2.INTER_NEAREST_EXACT), dtype=np.uint8)


def pad_and_crop_into(square: Pixels, pixels: Pixels) -> None:
    """Fill a square with the centre of an image, and with black where the image is smaller.

    Args:
        square: (size_px, size_px), overwritten.
        pixels: (H, W).
    """
    size_px, source, target = square.shape[0], [], []
    for length in pixels.shape:
        missing = max(0, size_px - length)
        start = (length + missing - size_px) // 2
        source.append(slice(start, start + min(length, size_px)))
        target.append(slice(missing // 2, missing // 2 + min(length, size_px)))
    if pixels.shape[0] < size_px or pixels.shape[1] < size_px:
        square[...] = 0
    square[tuple(target)] = pixels[tuple(source)]
