"""Welch's t for scores that have no pairs."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from gridctl.analysis.statistics.paired_scores import rounding


@dataclass(frozen=True, slots=True)
class Welch:
    """An unpaired t-test that lets the variances differ.

    Attributes:
        difference: mean(first) - mean(second).
        ci_low, ci_high: Confidence interval of it.
        t, degrees_of_freedom, p: The test, two-sided; df after Welch and Satterthwaite.
    """

    difference: float
    ci_low: float
    ci_high: float
    t: float
    degrees_of_freedom: float
    p: float


def welch(first: ArrayLike, second: ArrayLike, confidence: float = 0.95) -> Welch | None:
    """Test whether two means are equal, without pairs.

    Args:
        first: Scores of one model, shape (n,), finite.
        second: Scores of the other, shape (m,), finite.
        confidence: Of the interval, in (0, 1).

    Returns:
        The test; None below two scores of either, or without any spread.

    Source: Welch (1947).
    """
    a, b = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if len(a) < 2 or len(b) < 2:
        return None
    of_a, of_b = float(a.var(ddof=1)) / len(a), float(b.var(ddof=1)) / len(b)
    error = math.sqrt(of_a + of_b)
    if error <= rounding(a, b):
        return None
    share = of_a / (of_a + of_b)  # not the squares of tiny variances, which are 0
    freedom = 1 / (share**2 / (len(a) - 1) + (1 - share) ** 2 / (len(b) - 1))
    difference = float(a.mean() - b.mean())
    t = difference / error
    reach = float(stats.t.ppf((1 + confidence) / 2, freedom)) * error
    return Welch(difference, difference - reach, difference + reach, t, freedom, float(2 * stats.t.sf(abs(t), freedom)))
