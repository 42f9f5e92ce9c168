"""How large a paired difference is in units of spread."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln

from gridctl.analysis.statistics.paired_scores import rounding


def small_sample_correction(degrees_of_freedom: int) -> float:
    """Hedges' J: what makes a standardised mean difference unbiased.

    Args:
        degrees_of_freedom: Of the deviation divided by, 2 or more.

    Returns:
        Exact J in (0, 1), not the approximation 1 - 3 / (4 df - 1).

    Source: Hedges (1981), equation 6e.
    """
    half = degrees_of_freedom / 2
    return math.exp(gammaln(half) - gammaln(half - 0.5)) / math.sqrt(half)


def hedges_g_av(first: ArrayLike, second: ArrayLike) -> float | None:
    """Mean difference over the mean variance's root: comparable with unpaired studies.

    Args:
        first: Scores of one model, shape (n,), paired by position.
        second: The same for the other model.

    Returns:
        g_av = J(2(n - 1)) (mean1 - mean2) / sqrt((var1 + var2) / 2); None where that is not
        defined: fewer than two pairs, or no spread.

    Source: Cumming (2012); Lakens (2013), equation 10, with the root of the mean variance.
    """
    a, b = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if len(a) < 2:
        return None
    spread = math.sqrt((a.var(ddof=1) + b.var(ddof=1)) / 2)
    return _standardised(float(a.mean() - b.mean()), spread, 2 * (len(a) - 1), rounding(a, b))


def hedges_g_z(first: ArrayLike, second: ArrayLike) -> float | None:
    """Mean difference over the deviation of the differences: what the paired test sees.

    Args:
        first: Scores of one model, shape (n,), paired by position.
        second: The same for the other model.

    Returns:
        g_z = J(n - 1) mean(d) / sd(d); None where that is not defined: fewer than three
        pairs, or no spread.

    Source: Lakens (2013), equation 6.
    """
    a, b = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if len(a) < 3:
        return None
    differences = a - b
    return _standardised(float(differences.mean()), float(differences.std(ddof=1)), len(a) - 1, rounding(a, b))


def _standardised(difference: float, spread: float, degrees_of_freedom: int, smallest: float) -> float | None:
    if not math.isfinite(spread) or spread <= smallest:
        return None
    return small_sample_correction(degrees_of_freedom) * difference / spread
