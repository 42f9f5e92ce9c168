"""Power and sample size of paired tests that are looked at more than once."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import stats

from gridctl.analysis.statistics.power import paired_t_power, pairs_needed
from gridctl.analysis.statistics.sequential.anytime import EFFECT_VARIANCE
from gridctl.analysis.statistics.sequential.looks import nominal_p

STUDIES: Final = 20_000
"""Simulated studies: a power of 80% is known to 0.3 points (one standard error)."""

STUDIES_OF_MANY_LOOKS: Final = 5_000
"""The same where there is a look after every seed: to 0.6 points."""

LIMIT: Final = 10_000
"""Most pairs that are tried."""


@dataclass(frozen=True, slots=True)
class Once:
    """One look, at the end."""

    def power(self, effect: float, pairs: int, level: float) -> float:
        """Chance that the test finds an effect by so many pairs.

        Args:
            effect: Mean of the paired differences, in units of their deviation; above 0.
            pairs: 2 or more.
            level: Significance level, over all looks together.
        """
        return paired_t_power(effect, 1.0, pairs, level)

    def pairs_needed(self, effect: float, power: float, level: float) -> int | None:
        """Fewest pairs by which the test finds an effect often enough; None if more than `LIMIT`."""
        return pairs_needed(effect, 1.0, power, level, LIMIT)


@dataclass(frozen=True, slots=True)
class AtLooks:
    """Declared looks, each by Pocock's constant p.

    Attributes:
        looks: Numbers of pairs, increasing, the first 2 or more: all that share the level, whether reached or not.
    """

    looks: tuple[int, ...]

    def power(self, effect: float, pairs: int, level: float) -> float:
        """As of `Once`: by any of the looks that so many pairs reach; 0 before the first."""
        reached = sum(look <= pairs for look in self.looks)
        return self._by_look(effect, level)[reached - 1] if reached else 0.0

    def pairs_needed(self, effect: float, power: float, level: float) -> int | None:
        """Pairs of the first look by which the effect is found often enough.

        Where none of the declared ones is enough, those of a later last look, tested at the level over the number of
        looks, which is at most a few pairs too many.
        """
        found = self._by_look(effect, level)
        enough = [look for look, chance in zip(self.looks, found, strict=True) if chance >= power]
        if enough:
            return enough[0]
        later = pairs_needed(effect, 1.0, power, level / len(self.looks), LIMIT)
        return None if later is None else max(later, self.looks[-1] + 1)

    def _by_look(self, effect: float, level: float) -> list[float]:
        each = nominal_p(self.looks, level)
        critical = [float(stats.t.ppf(1 - each / 2, look - 1)) for look in self.looks]
        return list(crossings(effect, zip(self.looks, critical, strict=True)))


@dataclass(frozen=True, slots=True)
class AnyTime:
    """Evidence that is looked at after every seed.

    Attributes:
        step: Pairs of a seed.
        fewest: Pairs below which nothing is declared.
    """

    step: int = 1
    fewest: int = 3

    def power(self, effect: float, pairs: int, level: float) -> float:
        """As of `Once`: by any look up to so many pairs."""
        return max(crossings(effect, self._looks(level, pairs), STUDIES_OF_MANY_LOOKS), default=0.0)

    def pairs_needed(self, effect: float, power: float, level: float) -> int | None:
        """Fewest pairs by which the effect is found often enough; None if more than `LIMIT`."""
        chances = crossings(effect, self._looks(level, LIMIT), STUDIES_OF_MANY_LOOKS)
        looks = range(self._first, LIMIT + 1, self.step)
        return next((look for look, chance in zip(looks, chances, strict=False) if chance >= power), None)

    @property
    def _first(self) -> int:
        return self.step * math.ceil(max(self.fewest, 2) / self.step)

    def _looks(self, level: float, most: int) -> Iterator[tuple[int, float]]:
        """Each look, and the t statistic at which E reaches 1 / level."""
        for n in range(self._first, most + 1, self.step):
            grown = 1 + n * EFFECT_VARIANCE
            bound = (math.sqrt(grown) / level) ** (2 / n)
            yield n, math.inf if bound >= grown else math.sqrt((n - 1) * (bound - 1) / (1 - bound / grown))


def crossings(effect: float, looks: Iterator[tuple[int, float]], studies: int = STUDIES) -> Iterator[float]:
    """Chance that |t| has reached its critical value by each look, for normal differences of deviation 1.

    Args:
        effect: True mean of the differences.
        looks: Pairs, increasing from 2 or more, each with the critical |t| there.
        studies: To simulate, always the same ones.
    """
    generator = np.random.default_rng(0)
    sums, squares = np.zeros(studies), np.zeros(studies)
    crossed = np.zeros(studies, dtype=bool)
    before = 0
    for n, critical in looks:
        more = n - before
        added = generator.normal(more * effect, math.sqrt(more), studies)
        within = generator.chisquare(more - 1, studies) if more > 1 else 0.0
        sums += added
        squares += within + added**2 / more
        of_mean = sums**2 / n
        crossed |= of_mean * (n - 1) >= critical**2 * (squares - of_mean)
        before = n
        yield float(crossed.mean())


def paired_power(looks: Sequence[int], *, anytime: bool, folds: int = 1) -> Once | AtLooks | AnyTime:
    """Power of a paired test by when it may be looked at.

    Args:
        looks: Declared numbers of pairs; none where it is looked at once or at any time.
        anytime: Whether after every seed.
        folds: Pairs of a seed.
    """
    if anytime:
        return AnyTime(folds)
    return AtLooks(tuple(looks)) if len(looks) > 1 else Once()
