"""Evidence that may be looked at after every seed: e-values, and intervals that hold at all times together."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gridctl.analysis.statistics.paired_scores import rounding

EFFECT_VARIANCE: Final = 4.0
"""Prior variance of effects, in units of the differences' variance: 4 has more power at 1 to 2 deviations."""


@dataclass(frozen=True, slots=True)
class Anytime:
    """The evidence after n pairs, valid however often it was looked at before.

    Attributes:
        n: Number of pairs.
        mean: Mean of the differences; None without pairs.
        log_e: Natural logarithm of the e-value; 0 below two pairs and without spread.
        low, high: Confidence sequence; None where it is unbounded.
    """

    n: int
    mean: float | None
    log_e: float = 0.0
    low: float | None = None
    high: float | None = None

    @property
    def e(self) -> float:
        """The e-value: a difference may be declared once it reaches 1 / alpha."""
        return math.exp(min(self.log_e, 700.0))

    @property
    def p(self) -> float:
        """min(1, 1/E): a p value that holds at any time, for Holm."""
        return math.exp(-max(self.log_e, 0.0))

    def within(self, margin: float) -> bool:
        """Whether the confidence sequence lies inside (-margin, margin)."""
        return self.low is not None and self.high is not None and -margin < self.low and self.high < margin


def log_e_values(t: ArrayLike, n: int, g: float = EFFECT_VARIANCE) -> NDArray[np.float64]:
    """Logarithms of the e-values of t statistics.

    Args:
        t: t statistics of n paired differences each, any shape.
        n: Two or more.
        g: Variance of the effects expected, in units of the differences' variance.

    Source: E = (1 + n g)^(-1/2) [(1 + t^2/v) / (1 + t^2/(v (1 + n g)))]^(n/2), v = n - 1: the Bayes factor of
    effects N(0, g) with the right Haar prior on the deviation (Gronau et al. 2020; Wang and Ramdas 2024).
    """
    squared, grown = np.asarray(t, dtype=float) ** 2 / (n - 1), 1 + n * g
    logarithms: NDArray[np.float64] = n / 2 * (np.log1p(squared) - np.log1p(squared / grown)) - math.log(grown) / 2
    return logarithms


def anytime(differences: ArrayLike, *, alpha: float = 0.05, g: float = EFFECT_VARIANCE) -> Anytime:
    """E-value and confidence sequence of paired differences, in the order in which they were declared.

    Valid for about normal differences and for the cohort: it corrects for repeated looks, not for shared patients.

    Args:
        differences: Shape (n,), finite.
        alpha: Error probability of the confidence sequence over all times.
        g: As in `log_e_values`.

    Raises:
        ValueError: A difference is not finite, or alpha or g is out of range.
    """
    d = np.asarray(differences, dtype=float)
    if d.ndim != 1 or not np.isfinite(d).all():
        raise ValueError("a difference is not finite")
    if not 0 < alpha < 1 or not g > 0:
        raise ValueError(f"alpha {alpha}, g {g}")
    n = len(d)
    if n == 0:
        return Anytime(0, None)
    mean = float(d.mean())
    deviation = float(d.std(ddof=1)) if n > 1 else 0.0
    if n == 1 or deviation <= rounding(d):
        return Anytime(n, mean)
    log_e = float(log_e_values(mean / (deviation / math.sqrt(n)), n, g))
    grown = 1 + n * g
    bound = (math.sqrt(grown) / alpha) ** (2 / n)
    if bound >= grown:
        return Anytime(n, mean, log_e)
    reach = deviation / math.sqrt(n) * math.sqrt((n - 1) * (bound - 1) / (1 - bound / grown))
    return Anytime(n, mean, log_e, mean - reach, mean + reach)
