"""Exponential backoff: how long to wait before a failed action is repeated."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

_MOST_DOUBLINGS: Final = 30
_chance = random.Random()  # not the global generator of a run, whose state is in its checkpoints


@dataclass(frozen=True, slots=True)
class Backoff:
    """Pauses whose upper bound doubles with each consecutive failure. They are random, so that many clients spread out.

    Attributes:
        first_s: The longest pause after the first failure.
        longest_s: The longest pause after any number of failures.
        least: The shortest pause as a share of the longest, in [0, 1]; 0 spreads clients most.
    """

    first_s: float
    longest_s: float
    least: float = 0.0

    def pause_s(self, failures: int) -> float:
        """How long to wait after this number of consecutive failures, which is at least 1."""
        longest = min(self.longest_s, self.first_s * 2 ** min(failures - 1, _MOST_DOUBLINGS))
        return _chance.uniform(self.least * longest, longest)


def soon_s() -> float:
    """A pause too short to notice; it spreads clients that wake at the same moment."""
    return _chance.uniform(0, 0.1)
