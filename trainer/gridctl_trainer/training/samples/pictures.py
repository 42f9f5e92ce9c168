"""Pictures of slices, and outlines of masks."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gridctl_trainer.contract.records.samples import Polygon
from gridctl_trainer.datasets.contact_sheets import CAVITY_BGR, grey, outlined

_SIDE_PX: Final = 256
_PREDICTION_BGR: Final = (60, 60, 240)
_FINER: Final = 8
"""Outlines are traced on a grid that is this many times finer than the pixels."""


def grey_png(image: NDArray[np.float32]) -> bytes:
    """A picture of one slice.

    Args:
        image: (H, W), any range; shown from its minimum to its maximum.

    Returns:
        An 8-bit grey PNG of the same size.
    """
    return _png(grey(image))


def mask_png(mask: NDArray[np.uint8]) -> bytes:
    """A picture of one mask.

    Args:
        mask: (H, W), 0 or 1.

    Returns:
        A grey PNG of 0 and 255.
    """
    return _png(np.asarray(mask * 255, dtype=np.uint8))


def probability_png(probability: NDArray[np.float32]) -> bytes:
    """A picture of a model's output.

    Args:
        probability: (H, W), in [0, 1].

    Returns:
        An 8-bit grey PNG; 255 is 1.
    """
    return _png(np.rint(probability * 255).astype(np.uint8))


def outline(probability: NDArray[np.float32]) -> tuple[Polygon, ...]:
    """The contours at one half of a map that is interpolated linearly between the centres of its pixels.

    Args:
        probability: (H, W), in [0, 1]; may be a mask.

    Returns:
        Closed polygons, including those of holes, precise to an eighth of a pixel. Outside the map, the value is 0.
    """
    padded = np.pad(probability.astype(np.float32), 1)
    size = (padded.shape[1] * _FINER, padded.shape[0] * _FINER)
    fine = cv2.resize(padded, size, interpolation=cv2.INTER_LINEAR)
    found, _ = cv2.findContours((fine > 0.5).astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    polygons = []
    for contour in found:
        corners = cv2.approxPolyDP(contour, _FINER / 10, closed=True)[:, 0].astype(float)
        if len(corners) > 2:
            places = (corners + 0.5) / _FINER - 1  # minus the padding
            polygons.append(tuple((round(float(x), 2), round(float(y), 2)) for x, y in places))
    return tuple(polygons)


def overlay(image: NDArray[np.float32], truth: NDArray[np.uint8], prediction: NDArray[np.uint8]) -> bytes:
    """A picture of one slice with the outlines of two masks: the truth in green and the prediction in red.

    Args:
        image: (H, W), any range; shown from its minimum to its maximum.
        truth: (H, W), 0 or 1.
        prediction: (H, W), 0 or 1.

    Returns:
        A colour PNG, enlarged to about 256 px.
    """
    return _png(outlined(image, ((truth, CAVITY_BGR), (prediction, _PREDICTION_BGR)), _SIDE_PX))


def _png(pixels: NDArray[np.uint8]) -> bytes:
    # Level 9 takes ten times as long as 6, for a file that is an eighth smaller.
    _, encoded = cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 6])
    return encoded.tobytes()
