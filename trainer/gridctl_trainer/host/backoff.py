"""Exponential backoff: how long to wait before something that failed is tried again."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

_MOST_DOUBLINGS: Final = 30
_chance = random.Random()  # never the generator of a run, whose state is in its checkpoints


@dataclass(frozen=True, slots=True)
class Backoff:
    """Pauses whose upper bound doubles with each consecutive failure, randomised so that many clients spread out.

    Attributes:
        first_s: The longest pause after the first failure.
        longest_s: The longest pause after any number of them.
        least: The shortest pause as a share of the longest, in [0, 1]: 0 spreads them most.
    """

    first_s: float
    longest_s: float
    least: float = 0.0

    def pause_s(self, failures: int) -> float:
        """How long to wait after so many failures in a row, 1 or more."""
        longest = min(self.longest_s, self.first_s * 2 ** min(failures - 1, _MOST_DOUBLINGS))
        return _chance.uniform(self.least * longest, longest)


def soon_s() -> float:
    """A pause too short to notice; it spreads clients that wake at the same moment."""
    return _chance.uniform(0, 0.1)
