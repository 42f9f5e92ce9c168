"""Cuts the square that models see from an image, and maps a model's output back to the grid of the scanner."""

from __future__ import annotations

from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

Shape = tuple[int, int]

Pixels = TypeVar("Pixels", NDArray[np.float32], NDArray[np.uint8])


def pad_and_crop_into(square: Pixels, pixels: Pixels) -> None:
    """Fill a square with the centre of an image, and with zeros where the image is smaller.

    Args:
        square: (size_px, size_px), overwritten.
        pixels: (H, W).
    """
    size_px = square.shape[0]
    (rows, to_rows), (columns, to_columns) = (_overlap(length, size_px) for length in pixels.shape)
    if pixels.shape[0] < size_px or pixels.shape[1] < size_px:
        square[...] = 0
    square[to_rows, to_columns] = pixels[rows, columns]


def on_scanner_grid(logits: NDArray[np.float32], resampled: Shape, scanned: Shape) -> NDArray[np.float32]:
    """Map a model's output for the square to the grid of the scanner.

    This inverts the crop and the steps that resampled the image. The output is resized bilinearly with pixel centres
    aligned. It is undefined where the image was cropped.

    Args:
        logits: (C, size_px, size_px).
        resampled: Rows and columns of the image that the square was cut from.
        scanned: Rows and columns of the image as scanned.

    Returns:
        (C, *scanned) float32; NaN where the image was cropped.
    """
    size_px = logits.shape[-1]
    (rows, from_rows), (columns, from_columns) = (_overlap(length, size_px) for length in resampled)
    inside = logits[:, from_rows, from_columns]
    if resampled == scanned:
        restored = np.full((len(logits), *scanned), np.nan, dtype=np.float32)
        restored[:, rows, columns] = inside
        return restored
    margins = [(part.start, length - part.stop) for part, length in zip((rows, columns), resampled, strict=True)]
    whole = np.pad(inside, ((0, 0), *margins), mode="edge")
    restored = np.stack([cv2.resize(one, scanned[::-1], interpolation=cv2.INTER_LINEAR) for one in whole])
    for axis, (part, length) in enumerate(zip((rows, columns), resampled, strict=True), 1):
        centres = (np.arange(scanned[axis - 1]) + 0.5) * (length / scanned[axis - 1])
        cut = (centres < part.start) | (centres >= part.stop)
        restored[(slice(None),) * axis + (cut,)] = np.nan
    return restored.astype(np.float32, copy=False)


def segmented(logits: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Choose the label of every pixel; pixels that are NaN become background.

    Args:
        logits: (1, H, W) for one structure, which covers the pixels above 0; (1 + K, H, W) for K structures, with the
            background first, where the largest logit wins.

    Returns:
        (H, W) uint8: 0 for background, otherwise the number of a structure, from 1.
    """
    if len(logits) == 1:
        return np.asarray(logits[0] > 0, dtype=np.uint8)
    return np.where(np.isnan(logits[0]), 0, logits.argmax(0)).astype(np.uint8)


def _overlap(length: int, size_px: int) -> tuple[slice, slice]:
    """The part of an image's axis that lies in the square, and where it lies in the square."""
    missing = max(0, size_px - length)
    start = (length + missing - size_px) // 2
    inside = min(length, size_px)
    return slice(start, start + inside), slice(missing // 2, missing // 2 + inside)
