"""Student's t distribution of single numbers: what `scipy.stats.t` computes, without its checks, which take longer."""

from __future__ import annotations

from scipy.special import stdtr, stdtrit


def share_below(t: float, degrees_of_freedom: float) -> float:
    """Probability of a value below t."""
    return float(stdtr(degrees_of_freedom, t))


def share_above(t: float, degrees_of_freedom: float) -> float:
    """Probability of a value above t, accurate where it is small."""
    return float(stdtr(degrees_of_freedom, -t))


def two_sided_p(t: float, degrees_of_freedom: float) -> float:
    """Probability of a value at least as far from 0 as t."""
    return 2 * share_above(abs(t), degrees_of_freedom)


def quantile(level: float, degrees_of_freedom: float) -> float:
    """The value below which the share `level` lies, in (0, 1)."""
    return float(stdtrit(degrees_of_freedom, level))
