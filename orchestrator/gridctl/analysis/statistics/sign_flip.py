"""The permutation test for pairs: if neither model were better, every sign could be flipped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

EXACT_PAIRS: Final = 32
"""Up to this many pairs all 2^n sign patterns are counted; beyond that, a sample of them."""


@dataclass(frozen=True, slots=True)
class SignFlip:
    """A sign-flip permutation test of the mean difference.

    Attributes:
        p: Two-sided: share of sign patterns whose mean is at least as far from 0.
        patterns: How many were looked at: 2^n where `exact`, else the sample.
        exact: Whether these were all.
    """

    p: float
    patterns: int
    exact: bool


def sign_flip(differences: ArrayLike, *, resamples: int = 9999, seed: int = 0) -> SignFlip | None:
    """Test whether paired differences are symmetric about 0.

    Args:
        differences: Shape (n,), finite.
        resamples: Size of the sample where n is too large to count all patterns.
        seed: Seed of that sample.

    Returns:
        The test; None below two pairs. A sampled p counts the observed pattern, so it is never 0.

    Source: Fisher (1935), section 21; sampled p: Phipson and Smyth (2010). `scipy.stats.permutation_test` goes through
    the 2^n patterns one by one, which ends at about 20 pairs.
    """
    d = np.asarray(differences, dtype=float)
    if len(d) < 2:
        return None
    reached = abs(float(d.sum())) - 1e-12 * float(np.abs(d).sum())  # sums that differ by rounding are equal
    if len(d) <= EXACT_PAIRS:
        patterns = 2 ** len(d)
        return SignFlip(min(1.0, 2 * _at_least(d, reached) / patterns) if reached > 0 else 1.0, patterns, True)
    signs = np.random.default_rng(seed).integers(0, 2, (resamples, len(d)), dtype=np.int8) * 2.0 - 1.0
    hits = int((np.abs(signs @ d) >= reached).sum())
    return SignFlip((hits + 1) / (resamples + 1), resamples, False)


def _at_least(d: NDArray[np.float64], reached: float) -> int:
    """Number of the 2^n sign patterns whose sum is at least `reached`.

    Every pattern is one of the first half's beside one of the second's: for each of the
    2^(n/2) sums of the one, the other's sorted sums say how many complete it.
    """
    half = len(d) // 2
    left, right = _sums(d[:half]), np.sort(_sums(d[half:]))
    return int((len(right) - np.searchsorted(right, reached - left, side="left")).sum())


def _sums(d: NDArray[np.float64]) -> NDArray[np.float64]:
    sums = np.zeros(1)
    for value in d:
        sums = np.concatenate((sums + value, sums - value))
    return sums
