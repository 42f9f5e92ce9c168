"""Declared looks: the p at which each may call a difference significant, so that together they keep the level."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

_STUDIES: Final = 400_000
"""Number of simulated studies without a difference: makes the nominal p accurate to 0.0002."""


def nominal_p(looks: Sequence[int], level: float = 0.05) -> float:
    """The p at which each of several looks may call a difference significant.

    Args:
        looks: Numbers of pairs, increasing, the first 2 or more.
        level: Chance that any of them does so without a difference.

    Returns:
        Pocock's constant p, of paired t-tests at these numbers of pairs, simulated.

    Raises:
        ValueError: The looks do not increase from 2 or more.

    Source: Pocock (1977), for t-tests and unequal steps.
    """
    smallest = _smallest_p(_checked(looks))
    return float(smallest[round(level * len(smallest)) - 1]) if len(looks) > 1 else level


def adjusted_p(p: float, looks: Sequence[int]) -> float:
    """Chance, without a difference, that any look finds a p as small as this: what goes into Holm.

    Args:
        p: p of a paired t at one of the looks.
        looks: All that were declared, whether made yet or not.

    Returns:
        In [p, looks x p]; where p is too small to be simulated, the latter, which is at most a little too large.

    Raises:
        ValueError: As `nominal_p`.
    """
    smallest = _smallest_p(_checked(looks))
    if len(looks) == 1:
        return p
    most = min(1.0, len(looks) * p)
    if p * len(smallest) < 1000:
        return most
    return float(min(most, max(p, np.searchsorted(smallest, p, side="right") / len(smallest))))


def latest_look(looks: Sequence[int], pairs: int) -> int | None:
    """The last look for which there are enough pairs.

    Args:
        looks: Numbers of pairs, increasing.
        pairs: How many there are.

    Returns:
        One of `looks`; None before the first.
    """
    return max((look for look in looks if look <= pairs), default=None)


def _checked(looks: Sequence[int]) -> tuple[int, ...]:
    if not looks or looks[0] < 2 or any(b <= a for a, b in itertools.pairwise(looks)):
        raise ValueError(f"looks {list(looks)} do not rise from 2 or more")
    return tuple(looks)


@lru_cache(maxsize=8)
def _smallest_p(looks: tuple[int, ...]) -> NDArray[np.float64]:
    """The smallest p over all looks of each simulated study, sorted; from sums and squares of the pairs in between."""
    generator = np.random.default_rng(0)
    sums = np.zeros(_STUDIES)
    squares = np.zeros(_STUDIES)
    smallest = np.ones(_STUDIES)
    before = 0
    for n in looks:
        more = n - before
        added = generator.normal(0, more**0.5, _STUDIES)
        within = generator.chisquare(more - 1, _STUDIES) if more > 1 else 0.0
        sums += added
        squares += within + added**2 / more
        variance = (squares - sums**2 / n) / (n - 1)
        smallest = np.minimum(smallest, 2 * stats.t.sf(np.abs(sums) / np.sqrt(n * variance), n - 1))
        before = n
    smallest.sort()
    return smallest
