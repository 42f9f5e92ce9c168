"""Augmentation: training images are varied at random, and the result depends only on seed, epoch and image."""

from __future__ import annotations

import math
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from gridctl_trainer.contract.spec import AugmentationSpec

_STREAM: Final = 0xA46
"""Separates these random numbers from those that order the images."""


class Augmentation:
    """Varies minibatches of one run.

    Args:
        spec: How much the images are varied.
        seed: Seed of the run.
    """

    def __init__(self, spec: AugmentationSpec, seed: int) -> None:
        self._spec = spec
        self._seed = seed
        self._moves = bool(spec.rotation_degrees or spec.scaling or spec.shift or spec.flip)

    def __call__(self, images: Tensor, masks: Tensor, epoch: int, chosen: Tensor) -> tuple[Tensor, Tensor]:
        """Vary a minibatch.

        Args:
            images: (B, C, H, W) float32, or (B, T, C, H, W). All frames and channels are varied alike.
            masks: (B, 1, H, W) float32 with 0 and 1, or (B, H, W) int64 with the numbers of classes.
            epoch: Number of the epoch, from 1.
            chosen: (B,), the index of each image within the training set.

        Returns:
            Varied copies of images and masks, of the same shapes; the given tensors if nothing is varied.
        """
        if self._spec == AugmentationSpec():
            return images, masks
        varied, moved = images.clone(), masks.clone()
        side = images.shape[-2:]
        for index, number in enumerate(chosen.tolist()):
            random = np.random.Generator(np.random.PCG64([self._seed, epoch, number, _STREAM]))
            matrix = self._matrix(random, side[0], side[1])
            exponent = math.exp(random.uniform(-1, 1) * self._spec.gamma)
            for frame in varied[index].reshape(-1, *side):
                pixels = frame.numpy()
                if self._moves:
                    pixels[...] = _warp(pixels, matrix, cv2.INTER_LINEAR)
                if self._spec.gamma:
                    pixels[...] = _raised(pixels, exponent)
            if self._moves:
                mask = (moved[index, 0] if moved.ndim == 4 else moved[index]).numpy()
                mask[...] = _warp(mask.astype(np.float32, copy=False), matrix, cv2.INTER_NEAREST)
        return varied, moved

    def _matrix(self, random: np.random.Generator, height: int, width: int) -> NDArray[np.float64]:
        """The map from input to output pixels, (2, 3). Every random number is drawn, even for options that are off."""
        turn, scale, down, right = random.uniform(-1, 1, 4)
        mirrored = random.random() < 0.5
        centre = ((width - 1) / 2, (height - 1) / 2)
        factor = (1 + self._spec.scaling) ** scale
        turned = cv2.getRotationMatrix2D(centre, turn * self._spec.rotation_degrees, factor)
        matrix: NDArray[np.float64] = np.asarray(turned, dtype=np.float64)
        if self._spec.flip and mirrored:
            matrix = matrix @ np.array([[-1.0, 0.0, width - 1.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
        matrix[:, 2] += np.array([right * width, down * height]) * self._spec.shift
        return matrix


def _warp(pixels: NDArray[np.float32], matrix: NDArray[np.float64], interpolation: int) -> NDArray[np.float32]:
    warped = cv2.warpAffine(pixels, matrix, pixels.shape[::-1], flags=interpolation)
    return np.asarray(warped, dtype=np.float32)


def _raised(pixels: NDArray[np.float32], exponent: float) -> NDArray[np.float32]:
    """Apply gamma within the range of the pixels, which stays the same."""
    low, high = float(pixels.min()), float(pixels.max())
    if high <= low:
        return pixels
    scaled = (pixels - low) / (high - low)
    return np.asarray(np.power(scaled, exponent) * (high - low) + low, dtype=np.float32)
