"""Reads and fills contours as published with Sunnybrook: text lines of column and row."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gridctl_trainer.contract.errors import DataError
from gridctl_trainer.datasets.formats.text import read_text

_SHIFT: Final = 8
"""Fractional bits used when filling a polygon, as coordinates lie on a half-pixel grid."""


_DECIMAL_COMMA: Final = re.compile(r"^([-+]?\d+),(\d+)$")
"""A number with a decimal comma, as programs in many European locales write it."""


def read_contour(path: Path) -> NDArray[np.float64]:
    """Read a contour.

    Args:
        path: A file of lines `x y`: column and row in px, where (0, 0) is the centre of the first pixel.

    Returns:
        (N, 2) float64, x and y, N >= 3.

    Raises:
        DataError: The file cannot be read, a line does not hold two numbers, or the contour encloses nothing.
    """
    text = read_text(path)
    points = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        words = line.split()
        try:
            x, y = (float(_DECIMAL_COMMA.sub(r"\1.\2", word)) for word in words)
        except ValueError:
            raise DataError(
                f"not two numbers: {line.strip()[:40]!r}", where=f"{path}:{number}", fix="a line is `column row`"
            ) from None
        if not (math.isfinite(x) and math.isfinite(y)):
            raise DataError("a coordinate is not finite", where=f"{path}:{number}")
        points.append((x, y))
    if len(set(points)) < 3:
        raise DataError(f"{len(set(points))} points enclose nothing", where=path, fix="a contour has at least three")
    return np.array(points, dtype=np.float64)


def fill(contour: NDArray[np.float64], shape: tuple[int, int], path: Path) -> NDArray[np.uint8]:
    """Fill a contour with OpenCV's fillPoly (thesis 4.2), at sub-pixel accuracy.

    Args:
        contour: (N, 2), x and y in px.
        shape: Rows and columns of the image.
        path: File of the contour, which errors name.

    Returns:
        (rows, columns) uint8, 1 inside.

    Raises:
        DataError: A point lies outside the image.
    """
    rows, columns = shape
    outside = (contour < -0.5) | (contour > np.array([columns, rows]) - 0.5)
    if outside.any():
        x, y = contour[np.flatnonzero(outside.any(axis=1))[0]]
        raise DataError(
            f"the point {x:g} {y:g} lies outside the image of {columns} columns and {rows} rows",
            where=path,
            fix="is it the contour of another patient?",
        )
    mask = np.zeros(shape, dtype=np.uint8)
    cv2.fillPoly(mask, [np.rint(contour * (1 << _SHIFT)).astype(np.int32)], 1, shift=_SHIFT)
    return mask
