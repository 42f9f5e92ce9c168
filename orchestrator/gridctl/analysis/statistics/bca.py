"""The bias-corrected and accelerated bootstrap interval of a mean."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from gridctl.analysis.statistics.paired_scores import rounding


def bca_mean(
    values: ArrayLike, *, confidence: float = 0.95, resamples: int = 9999, seed: int = 0
) -> tuple[float, float] | None:
    """Interval of a mean, without assuming a shape of its distribution.

    With few values it is too short: docs/statistics.md says by how much.

    Args:
        values: Shape (n,), finite; paired differences.
        confidence: Level of the interval, in (0, 1).
        resamples: Number of bootstrap resamples.
        seed: The same seed gives the same interval, whatever else is computed.

    Returns:
        Low and high; a point where there is no spread; None below two values, and where the
        correction is not defined.

    Source: Efron (1987); ties of the bias correction count half, as in scipy.stats.bootstrap, which is not used: it
    knows no tie up to rounding, so that scores with few digits get another interval or none, and takes nine times as
    long.
    """
    x = np.asarray(values, dtype=float)
    n = len(x)
    if n < 2:
        return None
    mean = float(x.mean())
    centred = x - mean
    squares = float((centred**2).sum())
    if np.sqrt(squares / (n - 1)) <= rounding(x):
        return mean, mean
    means = np.sort(_weights(n, resamples, seed) @ x)
    tolerance = 1e-13 * float(np.abs(x).max())
    below, up_to = np.searchsorted(means, (mean - tolerance, mean + tolerance), side="left")
    bias = ndtri((below + up_to) / 2 / resamples)
    centred = centred / np.sqrt(squares)  # the cubes of tiny differences would be 0
    acceleration = float((centred**3).sum()) / 6
    reached = bias + ndtri(np.array([(1 - confidence) / 2, (1 + confidence) / 2]))
    levels = ndtr(bias + reached / (1 - acceleration * reached))
    if not np.isfinite(levels).all():
        return None
    low, high = _quantiles(means, levels)
    return float(low), float(high)


@lru_cache(maxsize=16)
def _weights(n: int, resamples: int, seed: int) -> NDArray[np.float64]:
    """Weight of each of n values in each resample's mean, shape (resamples, n)."""
    drawn = np.random.default_rng(seed).integers(0, n, (resamples, n))
    cells = drawn + n * np.arange(resamples)[:, None]
    return np.bincount(cells.ravel(), minlength=resamples * n).reshape(resamples, n) / n


def _quantiles(ordered: NDArray[np.float64], levels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Linear between order statistics, as `numpy.quantile` of an unsorted array."""
    at = levels * (len(ordered) - 1)
    lower = np.floor(at).astype(int)
    upper = np.minimum(lower + 1, len(ordered) - 1)
    result: NDArray[np.float64] = ordered[lower] + (at - lower) * (ordered[upper] - ordered[lower])
    return result
