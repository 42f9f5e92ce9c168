"""Welch's t for scores that have no pairs."""

from __future__ import annotations

import math
import warnings
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
        confidence: Level of the interval, in (0, 1).

    Returns:
        The test; None below two scores of either, or without any spread.

    Source: Welch (1947).
    """
    a, b = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if len(a) < 2 or len(b) < 2:
        return None
    difference = float(a.mean() - b.mean())
    exponent = math.frexp(max(np.abs(a).max(), np.abs(b).max()))[1]
    unit = math.ldexp(1.0, exponent - 1)
    a, b = a / unit, b / unit  # variances are squares, and those of tiny scores would be 0
    if math.hypot(a.std(ddof=1) / math.sqrt(len(a)), b.std(ddof=1) / math.sqrt(len(b))) <= rounding(a, b):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a constant score loses no precision
        test = stats.ttest_ind(a, b, equal_var=False)
    low, high = (unit * float(bound) for bound in test.confidence_interval(confidence))
    return Welch(difference, low, high, float(test.statistic), float(test.df), float(test.pvalue))
