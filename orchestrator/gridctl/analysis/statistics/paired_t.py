"""Student's t for paired scores."""

from __future__ import annotations

import math
from dataclasses import dataclass

from numpy.typing import ArrayLike

from gridctl.analysis.statistics.paired_scores import as_pairs, rounding
from gridctl.analysis.statistics.student_t import quantile, two_sided_p


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
    deviation = float(differences.std(ddof=1))
    if deviation <= rounding(a, b):
        return PairedT(n, mean, mean, mean, None, n - 1, None)
    error = deviation / math.sqrt(n)
    reach = quantile((1 + confidence) / 2, n - 1) * error
    t = mean / error
    return PairedT(n, mean, mean - reach, mean + reach, t, n - 1, two_sided_p(t, n - 1))
