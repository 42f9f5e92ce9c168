"""Power and sample size of the paired t-test."""

from __future__ import annotations

import math
from collections.abc import Callable

from scipy import stats


def paired_t_power(effect: float, deviation: float, n: int, level: float = 0.05) -> float:
    """Chance that a two-sided paired t-test finds a difference that is there.

    Args:
        effect: Mean of the paired differences.
        deviation: Standard deviation of the paired differences, above 0.
        n: Pairs, 2 or more.
        level: Significance level.

    Returns:
        In [level, 1].

    Source: noncentral t, as Cohen (1988) and G*Power.
    """
    return t_power(abs(effect) / deviation * math.sqrt(n), n - 1, level)


def t_power(noncentrality: float, degrees_of_freedom: float, level: float = 0.05) -> float:
    """Chance that a two-sided t-test finds a difference of so many standard errors.

    Args:
        noncentrality: The difference over its standard error, at least 0.
        degrees_of_freedom: Degrees of freedom of the test.
        level: Significance level.
    """
    critical = float(stats.t.ppf(1 - level / 2, degrees_of_freedom))
    above = float(stats.nct.sf(critical, degrees_of_freedom, noncentrality))
    below = float(stats.nct.cdf(-critical, degrees_of_freedom, noncentrality))  # NaN in scipy where it is tiny
    if not math.isfinite(above):
        above = float(stats.norm.sf(critical - noncentrality))
    return min(1.0, above + (below if math.isfinite(below) else 0.0))


def pairs_needed(
    effect: float, deviation: float, power: float = 0.8, level: float = 0.05, limit: int = 10_000
) -> int | None:
    """Fewest pairs with which a paired t-test finds a difference often enough.

    Args:
        effect: Mean of the paired differences, not 0.
        deviation: Standard deviation of the paired differences, above 0.
        power: Wanted power, in (0, 1).
        level: Significance level.
        limit: Largest number to try.

    Returns:
        Pairs, 2 or more; None if more than `limit`.
    """
    return fewest(lambda n: paired_t_power(effect, deviation, n, level) >= power, limit)


def fewest(is_enough: Callable[[int], bool], limit: int = 10_000) -> int | None:
    """The smallest number, 2 or more, that is enough; None if more than `limit`.

    Args:
        is_enough: True for every number above the smallest that is.
        limit: Largest number to try.
    """
    low, high = 1, 2
    while not is_enough(high):
        low, high = high, high * 2
        if low > limit:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        if is_enough(middle):
            high = middle
        else:
            low = middle
    return high if high <= limit else None


def deviation_interval(deviation: float, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Confidence interval of the true standard deviation of n normal values.

    Args:
        deviation: The measured one.
        n: 2 or more.
        confidence: Level of the interval, in (0, 1).
    """
    low, high = (float(stats.chi2.ppf((1 + side * confidence) / 2, n - 1)) for side in (1, -1))
    return deviation * math.sqrt((n - 1) / low), deviation * math.sqrt((n - 1) / high)
