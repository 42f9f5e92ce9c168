"""The smallest p that a few pairs can reach, whatever their scores."""

from __future__ import annotations

import math


def smallest_exact_p(n: int) -> float:
    """The smallest two-sided p that n signs can give: all of them alike, 2 of 2^n patterns.

    It bounds the sign-flip permutation test and Wilcoxon's; a t-test has no such bound, since it
    assumes a normal distribution.
    """
    return min(1.0, 2.0 ** (1 - n))


def pairs_for_exact(level: float, tests: int = 1) -> int:
    """Fewest pairs with which an exact test can reach a level.

    Args:
        level: In (0, 1).
        tests: Corrected together: the smallest p of m must reach level / m.
    """
    return math.ceil(1 - math.log2(level / max(1, tests)))
