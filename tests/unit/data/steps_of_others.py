"""Functions that tests name by path as preprocessing steps, most of them wrong."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridctl_trainer.plugins.step import StepDescriptor

Image = NDArray[np.float32]


def doubled(image: Image, factor: float = 2.0) -> Image:
    return image * np.float32(factor)


def in_mm(image: Image, spacing_mm: tuple[float, float]) -> Image:
    return image + np.float32(spacing_mm[0])


def wrong_shape(image: Image) -> Image:
    return image[1:]


def wrong_dtype(image: Image) -> NDArray[np.float64]:
    return image.astype(np.float64)


def not_finite(image: Image) -> Image:
    return np.full_like(image, np.nan)


def nothing(image: Image) -> None:
    return None


def raising(image: Image) -> Image:
    raise ValueError("no bias field")


def writing(image: Image) -> Image:
    image[:] = 0
    return image


def _half(shape: tuple[int, int]) -> tuple[int, int]:
    return shape[0] // 2, shape[1] // 2


def _to_2_mm(shape: tuple[int, int], spacing_mm: tuple[float, float]) -> tuple[int, int]:
    return round(shape[0] * spacing_mm[0] / 2), round(shape[1] * spacing_mm[1] / 2)


HALF = StepDescriptor(summary="half of its size", shape=_half)
NEITHER = StepDescriptor(summary="neither")
FROM_1_TO_2_MM = StepDescriptor(summary="2 mm pixels", shape=_to_2_mm)
NO_GRID = StepDescriptor(summary="no grid", shape=lambda shape: (0, 7))
