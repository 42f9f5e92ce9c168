"""Scores of two models, paired by position: the input of every paired test."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def as_pairs(first: ArrayLike, second: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Two arrays of finite scores of equal length.

    Args:
        first: Scores of one model, shape (n,), paired by position.
        second: The same for the other model.

    Raises:
        ValueError: The shapes differ, or a score is not finite.
    """
    a, b = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if a.ndim != 1 or a.shape != b.shape:
        raise ValueError(f"pairs of shapes {a.shape} and {b.shape}")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ValueError("a score is not finite")
    return a, b


def rounding(*scores: NDArray[np.float64]) -> float:
    """Below this, a spread of scores or of their differences is a rounding error and no spread."""
    return 1e-14 * max((float(np.abs(values).max()) for values in scores if len(values)), default=0.0)
