"""How often one model beats the other on the same seed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from gridctl.analysis.statistics.paired_scores import as_pairs, rounding

MEANINGFUL: Final = 0.75
"""Share of pairs that matters: Bouthillier et al. (2021), section 5."""


@dataclass(frozen=True, slots=True)
class Improvement:
    """Probability of improvement.

    Attributes:
        share: Of pairs in which the first is the better one, ties a half; in [0, 1].
        ci_low, ci_high: Confidence interval.
    """

    share: float
    ci_low: float
    ci_high: float

    @property
    def significant(self) -> bool:
        """Whether the interval's lower end is above a half."""
        return self.ci_low > 0.5

    @property
    def meaningful(self) -> bool:
        """Whether it is significant and the interval reaches above `MEANINGFUL`."""
        return self.significant and self.ci_high > MEANINGFUL


def wins(first: ArrayLike, second: ArrayLike, *, higher_is_better: bool = True) -> NDArray[np.float64]:
    """Compare the two scores of each pair.

    Args:
        first: Scores of one model, shape (n,), paired by position, finite.
        second: The same for the other model.
        higher_is_better: Whether the larger score wins.

    Returns:
        Shape (n,), float64: 1 where the first is better, 0.5 where they are equal up to rounding, else 0.

    Raises:
        ValueError: The shapes differ, or a score is not finite.
    """
    a, b = as_pairs(first, second)
    ahead = (a - b) if higher_is_better else (b - a)
    smallest = rounding(a, b)
    return np.where(np.abs(ahead) <= smallest, 0.5, (ahead > 0).astype(float))


def probability_of_improvement(
    first: ArrayLike, second: ArrayLike, *, higher_is_better: bool = True, confidence: float = 0.95
) -> Improvement | None:
    """Share of pairs in which the first is the better one, with Wilson's interval.

    Args:
        first: Scores of one model, shape (n,), paired by position, finite.
        second: The same for the other model.
        higher_is_better: Whether the larger score wins.
        confidence: Level of the interval, in (0, 1).

    Returns:
        The share; None without pairs.

    Source: Agarwal et al. (2021) compare every run of one model with every run of the other; here
    each run is compared with its partner only, since pairs share the split. Interval: Wilson (1927).
    """
    won = wins(first, second, higher_is_better=higher_is_better)
    return wilson(float(won.mean()), len(won), confidence) if len(won) else None


def wilson(share: float, n: int, confidence: float = 0.95) -> Improvement:
    """A share of n independent observations with its interval.

    Args:
        share: In [0, 1]; ties may have counted a half.
        n: Above 0.
        confidence: Level of the interval, in (0, 1).

    Source: Wilson (1927).
    """
    z = float(ndtri((1 + confidence) / 2))
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    reach = z / (1 + z**2 / n) * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return Improvement(share, max(0.0, centre - reach), min(1.0, centre + reach))
