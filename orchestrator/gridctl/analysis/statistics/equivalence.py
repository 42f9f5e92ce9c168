"""Whether a difference is small enough not to matter."""

from __future__ import annotations

from dataclasses import dataclass

from numpy.typing import ArrayLike

from gridctl.analysis.statistics.paired_scores import as_pairs, rounding
from gridctl.analysis.statistics.student_t import quantile, share_above, share_below


@dataclass(frozen=True, slots=True)
class Equivalence:
    """Two one-sided paired t-tests.

    Attributes:
        p: The larger of both: at most the level where the difference is within the margin.
        p_low: That the difference is above -margin.
        p_high: That it is below margin.
        ci_low, ci_high: The interval of confidence 1 - 2 * level that says the same.
    """

    p: float
    p_low: float
    p_high: float
    ci_low: float
    ci_high: float


def paired_tost(first: ArrayLike, second: ArrayLike, margin: float, level: float = 0.05) -> Equivalence | None:
    """Test that the mean of paired differences lies within (-margin, margin).

    Args:
        first: Scores of one model, shape (n,), paired by position, finite.
        second: The same for the other model.
        margin: Largest difference that does not matter, above 0; declare it before looking.
        level: Level of each one-sided test.

    Returns:
        The tests; None below two pairs, or without spread.

    Raises:
        ValueError: The margin is not above 0, or scores are not pairs.

    Source: Schuirmann (1987); Lakens (2017).
    """
    a, b = as_pairs(first, second)
    if len(a) < 2:
        _check(margin)
        return None
    differences = a - b
    deviation = float(differences.std(ddof=1))
    if deviation <= rounding(a, b):
        _check(margin)
        return None
    return tost(float(differences.mean()), deviation / len(a) ** 0.5, len(a) - 1, margin, level)


def tost(mean: float, se: float, degrees_of_freedom: float, margin: float, level: float = 0.05) -> Equivalence:
    """The same from the mean, standard error and degrees of freedom of the declared claim.

    Args:
        mean: Mean of the differences.
        se: Its standard error, above 0.
        degrees_of_freedom: Degrees of freedom of the standard error.
        margin: As for `paired_tost`.
        level: As for `paired_tost`.

    Raises:
        ValueError: The margin is not above 0.
    """
    _check(margin)
    p_low = share_above((mean + margin) / se, degrees_of_freedom)
    p_high = share_below((mean - margin) / se, degrees_of_freedom)
    reach = quantile(1 - level, degrees_of_freedom) * se
    return Equivalence(max(p_low, p_high), p_low, p_high, mean - reach, mean + reach)


@dataclass(frozen=True, slots=True)
class Posterior:
    """Probabilities that the true difference is below, within and above a region that does not matter."""

    below: float
    within: float
    above: float


def rope_posterior(mean: float, se: float, degrees_of_freedom: float, margin: float) -> Posterior:
    """Where the true difference probably lies, seen from a test that believed nothing beforehand (a flat prior).

    Args:
        mean: Of the differences.
        se: Its standard error, above 0: that of the declared claim.
        degrees_of_freedom: Of that.
        margin: Half width of the region of practical equivalence, above 0; to be declared before looking.

    Raises:
        ValueError: The margin is not above 0.

    Source: Benavoli et al. (2017); of Nadeau and Bengio's standard error it is the correlated Bayesian t-test of
    Corani and Benavoli (2015), as `baycomp` computes it.
    """
    _check(margin)
    below, to_above = (share_below((edge - mean) / se, degrees_of_freedom) for edge in (-margin, margin))
    return Posterior(below, to_above - below, 1 - to_above)


def _check(margin: float) -> None:
    if not margin > 0:
        raise ValueError(f"a margin of {margin}")
