"""From a slice as scanned to the square that a model sees: the steps that are on, pad, crop.

By default these are Gaussian, CLAHE, min-max scaling and resize (thesis 4.2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from gridctl_trainer.contract.spec import DataSpec
from gridctl_trainer.preprocessing.base import Image, Shape, SpacingMm, Step, load_steps
from gridctl_trainer.preprocessing.clahe import equalise
from gridctl_trainer.preprocessing.placement import pad_and_crop_into

Mask = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class PreparedSlice:
    """One slice as models see it.

    Attributes:
        series: (T, size_px, size_px) float32, or (T, C, size_px, size_px).
        mask: (size_px, size_px) uint8, labels on the same pixels.
        resampled: Rows and columns of the image that the square was cut from.
        pixel_area: Of a pixel, in pixels as scanned: above 1 where the slice was shrunk.
        cropped_px: Pixels of the measured label, after shrinking, that the crop cut off.
    """

    series: Image
    mask: Mask
    resampled: Shape
    pixel_area: float
    cropped_px: int


def preprocess(series: Image, mask: Mask, data: DataSpec, spacing_mm: SpacingMm, measured: int = 1) -> PreparedSlice:
    """Prepare one slice; every frame and channel for itself, as if it were the labelled one.

    Args:
        series: (T, H, W) or (T, C, H, W), raw intensities.
        mask: (H, W), labels on the same pixels.
        data: Which steps, and the side of the square.
        spacing_mm: Distance of rows, and of columns.
        measured: The label of which is said how much was cut off.

    Raises:
        StepError: A step failed, or returned what it must not.
    """
    steps, size_px = load_steps(data.preprocessing), data.size_px
    prepared = np.empty((*series.shape[:-2], size_px, size_px), dtype=np.float32)
    images = series.reshape(-1, *series.shape[-2:])
    for frame, image in zip(prepared.reshape(-1, size_px, size_px), images, strict=True):
        pad_and_crop_into(frame, enhance(image, steps, spacing_mm, size_px))
    grid, resampled, spacing = mask.shape, mask, spacing_mm
    for step in steps:
        if step.changes_grid:
            small = step.new_shape((resampled.shape[0], resampled.shape[1]), spacing, size_px)
            spacing = _spacing_after(spacing, (resampled.shape[0], resampled.shape[1]), small)
            resampled = resample_mask(resampled, small)
    square = np.empty((size_px, size_px), dtype=np.uint8)
    pad_and_crop_into(square, resampled)
    area = grid[0] * grid[1] / (resampled.shape[0] * resampled.shape[1])
    cropped_px = int((resampled == measured).sum()) - int((square == measured).sum())
    return PreparedSlice(prepared, square, (resampled.shape[0], resampled.shape[1]), area, cropped_px)


def enhance(image: Image, steps: Sequence[Step], spacing_mm: SpacingMm, size_px: int) -> Image:
    """All steps, first to last; (H, W), raw intensities, to float32, on another grid where a step gives it one.

    Raises:
        StepError: A step failed, or returned what it must not.
    """
    image = image.astype(np.float32, copy=False)
    for step in steps:
        if step.changes_grid:
            shape = (image.shape[0], image.shape[1])
            small = step.new_shape(shape, spacing_mm, size_px)
            spacing_mm = _spacing_after(spacing_mm, shape, small)
            image = resample(image, small)
        else:
            image = step.apply(image, spacing_mm)
    return image


def _spacing_after(spacing_mm: SpacingMm, before: Shape, after: Shape) -> SpacingMm:
    return spacing_mm[0] * before[0] / after[0], spacing_mm[1] * before[1] / after[1]


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


def shrunk_shape(shape: Shape, size_px: int) -> Shape:
    """Rows and columns after shrinking so that the shorter edge equals `size_px`; nothing is ever enlarged."""
    shorter = min(shape)
    if shorter <= size_px:
        return shape
    return max(size_px, round(shape[0] * size_px / shorter)), max(size_px, round(shape[1] * size_px / shorter))


def resample(image: Image, shape: Shape) -> Image:
    """Another grid of pixels, by averaging areas where none is enlarged; (H, W) float32 to `shape`."""
    if image.shape == shape:
        return image
    shrinks = shape[0] <= image.shape[0] and shape[1] <= image.shape[1]
    interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, shape[::-1], interpolation=interpolation), dtype=np.float32)


def resample_mask(mask: Mask, shape: Shape) -> Mask:
    """The nearest pixels; (H, W) uint8 to `shape`."""
    if mask.shape == shape:
        return mask
    return np.asarray(cv2.resize(mask, shape[::-1], interpolation=cv2.INTER_NEAREST_EXACT), dtype=np.uint8)
