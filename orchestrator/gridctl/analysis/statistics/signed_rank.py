"""Wilcoxon's signed-rank test, exact with ties: the exact distribution of `scipy.stats.wilcoxon` knows no ties."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

EXACT_RANKS: Final = 200
"""Beyond this many differences the normal approximation is used, which is then accurate to three digits."""


@dataclass(frozen=True, slots=True)
class SignedRank:
    """A Wilcoxon signed-rank test.

    Attributes:
        w: The smaller of the two rank sums.
        p: Two-sided.
        n: Differences that are not 0: those ranked.
        exact: Whether p is counted over all 2^n sign patterns.
    """

    w: float
    p: float
    n: int
    exact: bool


def signed_rank(differences: ArrayLike) -> SignedRank | None:
    """Test whether paired differences are symmetric about 0, by their ranks.

    Args:
        differences: Shape (n,), finite. Those of 0 are left out, as Wilcoxon did; equal ones
            share their mean rank. Differences equal up to rounding are equal.

    Returns:
        The test; None below two pairs. Where all differences are 0, p is 1.

    Source: Wilcoxon (1945). The exact distribution with ties is the product of (1 + x^rank) / 2.
    """
    given = np.asarray(differences, dtype=float)
    if len(given) < 2:
        return None
    d = _without_rounding(given)
    d = d[d != 0]
    if not len(d):
        return SignedRank(0.0, 1.0, 0, True)
    ranks = stats.rankdata(np.abs(d))
    positive = float(ranks[d > 0].sum())
    w = min(positive, float(ranks.sum()) - positive)
    if len(d) > EXACT_RANKS:
        return SignedRank(w, float(stats.wilcoxon(d, correction=False, method="approx").pvalue), len(d), False)
    twice = np.rint(2 * ranks).astype(np.int64)
    return SignedRank(w, min(1.0, 2 * float(_distribution(twice)[: round(2 * w) + 1].sum())), len(d), True)


def _without_rounding(d: NDArray[np.float64]) -> NDArray[np.float64]:
    """0.82 - 0.81 and 0.81 - 0.80 are one difference."""
    largest = float(np.abs(d).max())
    if largest == 0:
        return d
    return np.rint(d / largest * 1e11)  # in this order: a hundred-billionth of a tiny number is 0


def _distribution(twice_ranks: NDArray[np.int64]) -> NDArray[np.float64]:
    """Probabilities of twice the positive rank sum being 0, 1, 2, ..."""
    probabilities = np.ones(1)
    for rank in twice_ranks:
        longer = np.zeros(len(probabilities) + rank)
        longer[: len(probabilities)] += probabilities / 2
        longer[rank:] += probabilities / 2
        probabilities = longer
    return probabilities
