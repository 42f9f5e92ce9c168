"""One number for the whole grid and its interval over seeds: cells of one seed share patients."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from gridctl.analysis.statistics.improvement import Improvement, wilson
from gridctl.analysis.statistics.paired_scores import rounding

Table = NDArray[np.float64]
"""Shape (seeds, cells), NaN where there is no score."""


@dataclass(frozen=True, slots=True)
class GridEstimate:
    """A number over the whole grid.

    Attributes:
        value: The estimate.
        n: Number of seeds.
        ci_low, ci_high: Confidence interval over seeds; None below two seeds.
        t, degrees_of_freedom, p: Two-sided test that the true value is 0; None below two seeds, and without spread.
    """

    value: float
    n: int
    ci_low: float | None = None
    ci_high: float | None = None
    t: float | None = None
    degrees_of_freedom: int = 0
    p: float | None = None


def interquartile_mean(scores: Table) -> Table:
    """Mean of what is left when the lowest and the highest quarter are cut off.

    Args:
        scores: Shape (..., n). A quarter is n / 4 rounded down.

    Returns:
        Shape (...,).

    Source: Agarwal et al. (2021), as `scipy.stats.trim_mean(scores, 0.25)`.
    """
    n = scores.shape[-1]
    cut = int(0.25 * n)
    if not cut:
        mean: Table = scores.mean(axis=-1)
        return mean
    middle: Table = np.partition(scores, (cut, n - cut - 1), axis=-1)[..., cut : n - cut].mean(axis=-1)
    return middle


def mean_over_grid(differences: ArrayLike, confidence: float = 0.95) -> GridEstimate | None:
    """Mean over cells of each seed's differences, then a t-test over seeds.

    Args:
        differences: A `Table`; seeds that lack a cell are left out, since their means are over other cells.
        confidence: Level of the interval, in (0, 1).

    Returns:
        The estimate; None without a complete seed.
    """
    d = np.asarray(differences, dtype=float)
    if not d.size:
        return None
    complete = d[np.isfinite(d).all(axis=1)]
    if not len(complete):
        return None
    return _over_seeds(complete.mean(axis=1), float(complete.mean()), rounding(complete.ravel()), confidence)


def iqm(scores: ArrayLike, confidence: float = 0.95) -> GridEstimate | None:
    """Interquartile mean of one model's scores over the grid.

    Args:
        scores: A `Table`.
        confidence: Level of the interval, in (0, 1).

    Returns:
        The estimate; its interval is the jackknife's over seeds. None without scores.

    Source: Agarwal et al. (2021) for the estimate; Tukey (1958) for the jackknife. Their bootstrap draws cells
    independently, whose intervals cover the truth too rarely if cells share patients.
    """
    return _jackknife([np.asarray(scores, dtype=float)], confidence)


def iqm_difference(first: ArrayLike, second: ArrayLike, confidence: float = 0.95) -> GridEstimate | None:
    """Interquartile mean of one model minus that of the other, of the pairs that both have.

    Args:
        first: A `Table` of one model.
        second: That of the other.
        confidence: Level of the interval, in (0, 1).
    """
    a, b = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    both = np.isfinite(a) & np.isfinite(b)
    return _jackknife([np.where(both, a, np.nan), np.where(both, b, np.nan)], confidence)


def improvement_over_grid(won: ArrayLike, confidence: float = 0.95) -> Improvement | None:
    """Share of pairs in which the first is the better one, mean over cells, with Wilson's interval.

    Args:
        won: A `Table`: 1 where the first is the better one, 0.5 for ties, else 0.
        confidence: Level of the interval, in (0, 1).

    Returns:
        The share; its interval counts each seed as one observation, however many cells it has. None without pairs.
    """
    table = np.asarray(won, dtype=float)
    if not np.isfinite(table).any():
        return None
    filled = np.isfinite(table).any(axis=0)
    share = float(np.nanmean(table[:, filled], axis=0).mean())
    return wilson(share, int(np.isfinite(table).any(axis=1).sum()), confidence)


def _jackknife(tables: list[Table], confidence: float) -> GridEstimate | None:
    """IQM of the first table, minus that of the second if there is one."""
    used = np.isfinite(tables[0]).any(axis=1) if tables[0].size else np.zeros(0, dtype=bool)
    if not used.any():
        return None
    chosen = [table[used] for table in tables]

    def statistic(rows: NDArray[np.bool_]) -> float:
        of_each = [float(interquartile_mean(values[np.isfinite(values)])) for values in (t[rows] for t in chosen)]
        return of_each[0] - of_each[1] if len(of_each) > 1 else of_each[0]

    n = int(used.sum())
    everything = np.ones(n, dtype=bool)
    value = statistic(everything)
    if n < 2:
        return GridEstimate(value, n)
    without = np.array([statistic(np.arange(n) != left_out) for left_out in range(n)])
    smallest = max(rounding(table[np.isfinite(table)]) for table in chosen)
    return _over_seeds(n * value - (n - 1) * without, value, n * smallest, confidence)


def _over_seeds(of_seeds: Table, value: float, smallest: float, confidence: float) -> GridEstimate:
    n = len(of_seeds)
    if n < 2:
        return GridEstimate(value, n)
    deviation = float(of_seeds.std(ddof=1))
    if deviation <= 10 * smallest:
        return GridEstimate(value, n, value, value, None, n - 1)
    se = deviation / math.sqrt(n)
    reach = float(stats.t.ppf((1 + confidence) / 2, n - 1)) * se
    p = float(2 * stats.t.sf(abs(value) / se, n - 1))
    return GridEstimate(value, n, value - reach, value + reach, value / se, n - 1, p)
