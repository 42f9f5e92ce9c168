"""Turns a slice as scanned into the square that a model sees: applies the enabled steps, pads and crops.

By default, the steps are Gaussian blur, CLAHE, min-max scaling and resizing (thesis 4.2).
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
        series: (T, size_px, size_px) float32, or (T, C, size_px, size_px) with several channels.
        mask: (size_px, size_px) uint8 labels of the same pixels.
        resampled: Rows and columns of the image that the square was cut from.
        pixel_area: Area of a pixel in pixels as scanned; above 1 if the slice was shrunk.
        cropped_px: Number of pixels of the measured label, after shrinking, that the crop removed.
    """

    series: Image
    mask: Mask
    resampled: Shape
    pixel_area: float
    cropped_px: int


def preprocess(series: Image, mask: Mask, data: DataSpec, spacing_mm: SpacingMm, measured: int = 1) -> PreparedSlice:
    """Prepare one slice. Each frame and channel is processed separately, as if it were the labelled one.

    Args:
        series: (T, H, W) or (T, C, H, W) raw intensities.
        mask: (H, W) labels of the same pixels.
        data: Specifies the steps and the side length of the square.
        spacing_mm: Distance between rows and between columns.
        measured: The label whose loss by the crop is measured.

    Raises:
        StepError: A step failed or returned something invalid.
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
    """Apply all steps to an image, in order.

    Args:
        image: (H, W) raw intensities.
        steps: The steps.
        spacing_mm: Distance between rows and between columns.
        size_px: Side length of the square that models see.

    Returns:
        (H, W) float32; the shape changes if a step resamples the image.

    Raises:
        StepError: A step failed or returned something invalid.
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
    """Apply a 3x3 Gaussian blur with sigma 1 px and mirrored edges to an (H, W) float32 image."""
    return np.asarray(cv2.GaussianBlur(image, (3, 3), 1.0), dtype=np.float32)


def clahe(image: Image) -> Image:
    """Contrast-limited adaptive histogram equalisation with clip limit 2 and 8x8 tiles.

    As in the thesis, it works on 16-bit integers, to which raw intensities are rounded without being scaled; negative
    values become 0. Volumes that this would damage are rescaled first (`grey_levels`).

    Args:
        image: (H, W) float32 raw intensities.

    Returns:
        (H, W) float32 with integral values in 0..65535.
    """
    integers = np.clip(np.rint(image), 0, np.iinfo(np.uint16).max).astype(np.uint16)
    return equalise(integers).astype(np.float32)


def minmax(image: Image) -> Image:
    """Scale an (H, W) float32 image to [0, 1]; a constant image becomes 0."""
    low, high = float(image.min()), float(image.max())
    if high <= low:
        return np.zeros_like(image)
    scaled = image - np.float32(low)
    scaled /= np.float32(high - low)
    return scaled


def shrunk_shape(shape: Shape, size_px: int) -> Shape:
    """Rows and columns after shrinking the image so that its shorter edge equals `size_px`; it is never enlarged."""
    shorter = min(shape)
    if shorter <= size_px:
        return shape
    return max(size_px, round(shape[0] * size_px / shorter)), max(size_px, round(shape[1] * size_px / shorter))


def resample(image: Image, shape: Shape) -> Image:
    """Resample an (H, W) float32 image to `shape`: by area averaging if no side grows, otherwise bilinearly."""
    if image.shape == shape:
        return image
    shrinks = shape[0] <= image.shape[0] and shape[1] <= image.shape[1]
    interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, shape[::-1], interpolation=interpolation), dtype=np.float32)


def resample_mask(mask: Mask, shape: Shape) -> Mask:
    """Resample an (H, W) uint8 mask to `shape` by nearest neighbour."""
    if mask.shape == shape:
        return mask
    return np.asarray(cv2.resize(mask, shape[::-1], interpolation=cv2.INTER_NEAREST_EXACT), dtype=np.uint8)
