"""How large a paired difference is in units of spread."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from scipy.optimize import brentq
from scipy.special import gammaln, ndtr, ndtri

from gridctl.analysis.statistics.paired_scores import rounding

_POINTS: Final = 2000
"""Points of the chi-square distribution in the numerical integration."""


@dataclass(frozen=True, slots=True)
class EffectSize:
    """A standardised difference.

    Attributes:
        g: Unbiased estimate.
        low, high: Confidence interval of the true standardised difference.
    """

    g: float
    low: float
    high: float


def small_sample_correction(degrees_of_freedom: float) -> float:
    """Hedges' J: what makes a standardised mean difference unbiased.

    Args:
        degrees_of_freedom: Of the deviation divided by, above 1.

    Returns:
        Exact J in (0, 1), not the approximation 1 - 3 / (4 df - 1).

    Source: Hedges (1981), equation 6e.
    """
    half = degrees_of_freedom / 2
    return math.exp(gammaln(half) - gammaln(half - 0.5)) / math.sqrt(half)


def hedges_g_av(first: ArrayLike, second: ArrayLike, confidence: float = 0.95) -> EffectSize | None:
    """Mean difference over the mean variance's root: comparable with unpaired studies.

    Args:
        first: Scores of one model, shape (n,), paired by position.
        second: The same for the other model.
        confidence: Level of the interval, in (0, 1).

    Returns:
        g_av = J(df) (mean1 - mean2) / sqrt((var1 + var2) / 2); None where that is not
        defined: fewer than three pairs, or no spread.

    Source: Cumming (2012); Lakens (2013), equation 10, with the root of the mean variance. Its degrees of freedom are
    (n - 1) (var1 + var2)^2 / (var1^2 + var2^2 + 2 cov^2), for equal variances 2 (n - 1) / (1 + r^2): paired scores
    have fewer than the 2 (n - 1) of unpaired ones. Interval: Bonett (2008), equation 10.
    """
    a, b = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    n = len(a)
    if n < 3:
        return None
    (var_a, cov), (_, var_b) = np.cov(a, b)
    variance = (var_a + var_b) / 2
    if not math.isfinite(variance) or math.sqrt(variance) <= rounding(a, b):
        return None
    a, b = a / math.sqrt(variance), b / math.sqrt(variance)  # squares of tiny variances would be 0
    (var_a, cov), (_, var_b) = np.cov(a, b)
    delta = float(a.mean() - b.mean())
    fourth = var_a**2 + var_b**2 + 2 * cov**2
    df = (n - 1) * (var_a + var_b) ** 2 / fourth
    error = math.sqrt(delta**2 * fourth / (8 * (n - 1)) + max(var_a + var_b - 2 * cov, 0.0) / (n - 1))
    reach = float(ndtri((1 + confidence) / 2)) * error
    return EffectSize(small_sample_correction(df) * delta, delta - reach, delta + reach)


def hedges_g_z(first: ArrayLike, second: ArrayLike, confidence: float = 0.95) -> EffectSize | None:
    """Mean difference over the deviation of the differences: what the paired test sees.

    Args:
        first: Scores of one model, shape (n,), paired by position.
        second: The same for the other model.
        confidence: Level of the interval, in (0, 1).

    Returns:
        g_z = J(n - 1) mean(d) / sd(d); None where that is not defined: fewer than three
        pairs, or no spread.

    Source: Lakens (2013), equation 6. Interval: noncentral t, exact for normal differences (Steiger and Fouladi, 1997).
    """
    a, b = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    n = len(a)
    if n < 3:
        return None
    d = a - b
    deviation = float(d.std(ddof=1))
    if not math.isfinite(deviation) or deviation <= rounding(a, b):
        return None
    delta = float(d.mean()) / deviation
    t = delta * math.sqrt(n)
    low, high = (_noncentrality(t, n - 1, (1 + side * confidence) / 2) / math.sqrt(n) for side in (1, -1))
    return EffectSize(small_sample_correction(n - 1) * delta, low, high)


def _noncentrality(t: float, df: int, level: float) -> float:
    """Noncentrality of a t distribution of which a share `level` lies below t.

    `scipy.stats.nct` has NaN where either is large, so the normal distribution is integrated over the deviation.
    """
    scaled = t * _deviations(df)

    def excess(noncentrality: float) -> float:
        return float(ndtr(scaled - noncentrality).mean()) - level

    centre = float(scaled.mean())
    near = centre - float(ndtri(level)) * math.sqrt(1 + float(scaled.var()))  # exact if the deviation were normal
    low, high = near - 0.2, near + 0.2
    if not excess(low) > 0 > excess(high):
        reach = 10 + abs(t) * float(_deviations(df).max())
        low, high = -reach, reach
    return float(brentq(excess, low, high, xtol=1e-9))


@lru_cache(maxsize=64)
def _deviations(df: int) -> NDArray[np.float64]:
    """Quantiles of sqrt(chi-square / df), evenly spaced in probability."""
    quantiles: NDArray[np.float64] = np.sqrt(stats.chi2.ppf((np.arange(_POINTS) + 0.5) / _POINTS, df) / df)
    return quantiles
