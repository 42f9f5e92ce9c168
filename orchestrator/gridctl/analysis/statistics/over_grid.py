"""One number for the whole grid, and its interval: cells are strata, runs are drawn within them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Cells = Sequence[NDArray[np.float64]]

_AT_ONCE: Final = 2_000_000
"""Numbers held at a time while drawing."""


@dataclass(frozen=True, slots=True)
class IntervalEstimate:
    """A number with its confidence interval."""

    value: float
    ci_low: float
    ci_high: float


def interquartile_mean(scores: NDArray[np.float64]) -> NDArray[np.float64]:
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
        mean: NDArray[np.float64] = scores.mean(axis=-1)
        return mean
    middle: NDArray[np.float64] = np.partition(scores, (cut, n - cut - 1), axis=-1)[..., cut : n - cut].mean(axis=-1)
    return middle


def iqm(cells: Cells, *, confidence: float = 0.95, resamples: int = 9999, seed: int = 0) -> IntervalEstimate | None:
    """Interquartile mean over the grid.

    Args:
        cells: Scores of one model, an array (runs,) a cell; empty cells are left out.
        confidence: Of the interval, in (0, 1).
        resamples: Of the bootstrap, runs drawn with replacement within each cell.
        seed: Of those draws.

    Returns:
        The estimate with its percentile interval; None without scores.

    Source: Agarwal et al. (2021), the definition of rliable.
    """
    return _interval_estimate([cell[:, None] for cell in cells], _first_iqm, confidence, resamples, seed)


def iqm_difference(
    cells: Cells, *, confidence: float = 0.95, resamples: int = 9999, seed: int = 0
) -> IntervalEstimate | None:
    """Interquartile mean of one model minus that of the other; pairs are drawn together.

    Args:
        cells: Pairs of scores, an array (pairs, 2) a cell.
        confidence: As for `iqm`.
        resamples: As for `iqm`.
        seed: As for `iqm`.
    """

    def statistic(parts: Cells) -> NDArray[np.float64]:
        both = np.concatenate(parts, axis=1)
        return interquartile_mean(both[..., 0]) - interquartile_mean(both[..., 1])

    return _interval_estimate(cells, statistic, confidence, resamples, seed)


def mean_over_cells(
    cells: Cells, *, confidence: float = 0.95, resamples: int = 9999, seed: int = 0
) -> IntervalEstimate | None:
    """Mean over cells of each cell's mean: with `wins`, the probability of improvement.

    Args:
        cells: An array (pairs,) a cell.
        confidence: As for `iqm`.
        resamples: As for `iqm`.
        seed: As for `iqm`.
    """

    def statistic(parts: Cells) -> NDArray[np.float64]:
        mean: NDArray[np.float64] = np.mean([part[..., 0].mean(axis=1) for part in parts], axis=0)
        return mean

    return _interval_estimate([cell[:, None] for cell in cells], statistic, confidence, resamples, seed)


def _first_iqm(parts: Cells) -> NDArray[np.float64]:
    return interquartile_mean(np.concatenate(parts, axis=1)[..., 0])


def _interval_estimate(
    cells: Cells,
    statistic: Callable[[Cells], NDArray[np.float64]],
    confidence: float,
    resamples: int,
    seed: int,
) -> IntervalEstimate | None:
    """A statistic of cells (n, columns), and its percentile interval."""
    filled = [cell for cell in cells if len(cell)]
    if not filled:
        return None
    value = float(statistic([cell[None] for cell in filled])[0])
    drawn = np.concatenate([statistic(parts) for parts in _resampled(filled, resamples, seed)])
    low, high = np.quantile(drawn, [(1 - confidence) / 2, (1 + confidence) / 2])
    return IntervalEstimate(value, float(low), float(high))


def _resampled(cells: Cells, resamples: int, seed: int) -> Iterator[Cells]:
    """Cells of shape (some resamples, n, columns), until there are `resamples`."""
    generator = np.random.default_rng(seed)
    some = max(1, _AT_ONCE // sum(cell.size for cell in cells))
    for start in range(0, resamples, some):
        count = min(some, resamples - start)
        yield [cell[generator.integers(0, len(cell), (count, len(cell)))] for cell in cells]
