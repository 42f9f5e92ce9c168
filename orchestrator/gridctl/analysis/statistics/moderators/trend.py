"""Whether a difference grows as the data shrink."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from gridctl.analysis.statistics.paired_scores import rounding


@dataclass(frozen=True, slots=True)
class Trend:
    """A difference's slope over the binary logarithm of the train ratio.

    Attributes:
        slope: Mean change of the difference with every doubling of the data; None without a complete seed.
        n: Seeds complete in all ratios.
        t, degrees_of_freedom, p: One-sample t of the seeds' slopes, two-sided; None below two seeds, and
            without spread.
        low, high: Confidence interval of the slope.
    """

    slope: float | None
    n: int
    t: float | None = None
    degrees_of_freedom: int = 0
    p: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class PageL:
    """Page's test of an ordered alternative.

    Attributes:
        l: The statistic.
        p: One-sided.
        exact: Whether p is counted over all rankings, as scipy does where that is quick; else a normal approximation.
        n: Seeds complete in all ratios.
    """

    l: float  # noqa: E741 - Page's name
    p: float
    exact: bool
    n: int


def slopes(ratios: ArrayLike, differences: ArrayLike) -> NDArray[np.float64]:
    """Least-squares slope over log2(ratio) of every row that is complete.

    Args:
        ratios: Shape (R,), above 0, two or more and not all the same.
        differences: Shape (n, R): of seeds, or of patients; NaN where one is missing.

    Returns:
        Shape (complete rows,): change with every doubling of the data.

    Raises:
        ValueError: The shapes do not fit, or the ratios give no slope.
    """
    given = np.asarray(ratios, dtype=float)
    d = np.asarray(differences, dtype=float)
    if given.ndim != 1 or d.ndim != 2 or d.shape[1] != len(given):
        raise ValueError(f"differences of shape {d.shape} at {given.size} ratios")
    if not (given > 0).all() or len(set(given.tolist())) < 2:
        raise ValueError("a slope takes two different ratios or more, each above 0")
    x = np.log2(given)
    centred = x - x.mean()
    result: NDArray[np.float64] = d[np.isfinite(d).all(axis=1)] @ centred / float(centred @ centred)
    return result


def trend(ratios: ArrayLike, differences: ArrayLike, confidence: float = 0.95) -> Trend:
    """Test whether a difference changes with the amount of data, on these patients.

    The nested splits of one seed serve all ratios, so each seed gives one slope and the slopes are tested; what the
    patients of a seed have in common cancels.

    Args:
        ratios: Shape (R,).
        differences: Shape (seeds, R), NaN where one is missing; such seeds are left out.
        confidence: Level of the interval, in (0, 1).

    Raises:
        ValueError: As `slopes`.
    """
    b = slopes(ratios, differences)
    n = len(b)
    if n == 0:
        return Trend(None, 0)
    mean = float(b.mean())
    if n == 1:
        return Trend(mean, 1)
    deviation = float(b.std(ddof=1))
    if deviation <= 10 * rounding(np.asarray(differences, dtype=float)[np.isfinite(differences)]):
        return Trend(mean, n, None, n - 1, None, mean, mean)
    se = deviation / math.sqrt(n)
    reach = float(stats.t.ppf((1 + confidence) / 2, n - 1)) * se
    return Trend(mean, n, mean / se, n - 1, float(2 * stats.t.sf(abs(mean / se), n - 1)), mean - reach, mean + reach)


def page_l(ratios: ArrayLike, differences: ArrayLike, *, grows_as_data_shrink: bool = True) -> PageL | None:
    """Test one-sided that a difference is ordered by the amount of data; declare the direction in advance.

    It assumes that ratios are exchangeable without a trend, which fails if scores at small ratios vary more.

    Args:
        ratios: Shape (R,), three or more.
        differences: Shape (seeds, R), NaN where one is missing; such seeds are left out.
        grows_as_data_shrink: The direction; else that it grows with the data.

    Returns:
        The test; None below three ratios or two complete seeds.

    Source: Page (1963), by `scipy.stats.page_trend_test`.
    """
    x, d = np.asarray(ratios, dtype=float), np.asarray(differences, dtype=float)
    complete = d[np.isfinite(d).all(axis=1)]
    if len(x) < 3 or len(complete) < 2:
        return None
    order = np.argsort(-x if grows_as_data_shrink else x, kind="stable")
    found = stats.page_trend_test(complete[:, order])
    return PageL(float(found.statistic), float(found.pvalue), found.method == "exact", len(complete))


def patient_trend_differences(ratios: ArrayLike, differences: ArrayLike) -> NDArray[np.float64]:
    """Each patient's slope under each seed, to be tested by `two_way`.

    Args:
        ratios: Shape (R,).
        differences: Shape (R, seeds, patients), NaN where a patient was not scored.

    Returns:
        Shape (seeds, patients), NaN unless the patient was scored at every ratio.

    Raises:
        ValueError: As `slopes`.
    """
    d = np.asarray(differences, dtype=float)
    flat = d.reshape(len(d), -1).T
    complete = np.isfinite(flat).all(axis=1)
    result = np.full(len(flat), np.nan)
    result[complete] = slopes(ratios, flat)
    return result.reshape(d.shape[1:])
