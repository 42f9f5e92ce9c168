"""How many pairs it takes, before any was trained."""

from __future__ import annotations

import math

from scipy import stats


def paired_t_power(effect: float, deviation: float, n: int, level: float = 0.05) -> float:
    """Chance that a two-sided paired t-test finds a difference that is there.

    Args:
        effect: Mean of the paired differences.
        deviation: Standard deviation of the paired differences, above 0.
        n: Pairs, 2 or more.
        level: p at which the test finds it.

    Returns:
        In [level, 1].

    Source: noncentral t, as Cohen (1988) and G*Power.
    """
    reach = abs(effect) / deviation * math.sqrt(n)
    critical = float(stats.t.ppf(1 - level / 2, n - 1))
    above = float(stats.nct.sf(critical, n - 1, reach))
    below = float(stats.nct.cdf(-critical, n - 1, reach))  # NaN in scipy where it is too small to be computed
    return min(1.0, above + (below if math.isfinite(below) else 0.0))


def pairs_needed(
    effect: float, deviation: float, power: float = 0.8, level: float = 0.05, limit: int = 10_000
) -> int | None:
    """Fewest pairs with which a paired t-test finds a difference often enough.

    Args:
        effect: Mean of the paired differences, not 0.
        deviation: Standard deviation of the paired differences, above 0.
        power: Wanted chance, in (0, 1).
        level: p at which the test finds it.
        limit: Give up beyond.

    Returns:
        Pairs, 2 or more; None if more than `limit`.
    """
    low, high = 1, 2
    while paired_t_power(effect, deviation, high, level) < power:
        low, high = high, high * 2
        if low > limit:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        if paired_t_power(effect, deviation, middle, level) < power:
            low = middle
        else:
            high = middle
    return high if high <= limit else None
