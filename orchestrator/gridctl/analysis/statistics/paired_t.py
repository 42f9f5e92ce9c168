"""Student's t for paired scores."""

from __future__ import annotations

from dataclasses import dataclass

from numpy.typing import ArrayLike
from scipy import stats

from gridctl.analysis.statistics.paired_scores import as_pairs, rounding


@dataclass(frozen=True, slots=True)
class PairedT:
    """A paired t-test and its interval.

    Attributes:
        n: Pairs.
        difference: Mean of first - second; None without pairs.
        ci_low, ci_high: Confidence interval of the difference; None below two pairs.
        t: Statistic; None where there is none: below two pairs, or no spread.
        degrees_of_freedom: n - 1.
        p: Two-sided; None where t is.
    """

    n: int
    difference: float | None
    ci_low: float | None = None
    ci_high: float | None = None
    t: float | None = None
    degrees_of_freedom: int = 0
    p: float | None = None


def paired_t(first: ArrayLike, second: ArrayLike, confidence: float = 0.95) -> PairedT:
    """Test whether the mean of paired differences is 0.

    Args:
        first: Scores of one model, shape (n,), paired by position, finite.
        second: The same for the other model.
        confidence: Level of the interval, in (0, 1).

    Returns:
        The test; where all differences are equal up to rounding it has no t and no p, and the
        interval is a point.

    Raises:
        ValueError: The shapes differ, or a score is not finite.

    Source: Student (1908).
    """
    a, b = as_pairs(first, second)
    n = len(a)
    if n == 0:
        return PairedT(0, None)
    differences = a - b
    mean = float(differences.mean())
    if n == 1:
        return PairedT(1, mean)
    if float(differences.std(ddof=1)) <= rounding(a, b):
        return PairedT(n, mean, mean, mean, None, n - 1, None)
    test = stats.ttest_rel(a, b)
    interval = test.confidence_interval(confidence)
    return PairedT(n, mean, float(interval.low), float(interval.high), float(test.statistic), n - 1, float(test.pvalue))
