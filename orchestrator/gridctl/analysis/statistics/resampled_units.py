"""Ranks and performance profiles of several models, with a bootstrap over seeds or patients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Table = NDArray[np.float64]

ROUNDING = 1e-9
"""Means that differ by less than this share of the largest are ties."""


@dataclass(frozen=True, slots=True)
class RankStability:
    """How stable a ranking by mean score is, one value per model.

    Attributes:
        mean: Mean scores.
        rank: Ranks of these, 1 for the best; tied models share the mean of their ranks.
        mean_rank: Mean rank over the bootstrap samples; None below two units.
        low, high: Ranks between which 95% of the samples lie; None below two units.
        first: Share of the samples in which the model is first, ties in equal parts; None below two units.
    """

    mean: Table
    rank: Table
    mean_rank: Table | None = None
    low: Table | None = None
    high: Table | None = None
    first: Table | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """Share of units that score better than each threshold, with its pointwise 95% band; None below two units."""

    share: Table
    low: Table | None = None
    high: Table | None = None


def rank_stability(
    sums: Table, counts: Table, *, higher_is_better: bool, resamples: int = 2000, seed: int = 0
) -> RankStability:
    """Rank models by mean score, and again for bootstrap samples of the units.

    Args:
        sums: Shape (cells, units, models): sum of the scores of a unit in a cell. A unit is a seed, or a patient.
        counts: Shape (cells, units): how many scores each sum has, the same for all models. Every cell has one.
        higher_is_better: Whether the largest mean ranks first.
        resamples: Bootstrap samples; whole units are drawn, with all of their cells.
        seed: Seed of the bootstrap.

    Source: Maier-Hein et al. (2018) and Wiesenfarth et al. (2021) for ranking by the mean and its stability.
    """
    units = counts.shape[1]
    mean = _means(np.ones((1, units)), sums, counts)
    rank = _ranks(mean, higher_is_better=higher_is_better)
    if units < 2:
        return RankStability(mean[0], rank[0])
    means = _means(_draws(units, resamples, seed), sums, counts)
    drawn = _ranks(means[np.isfinite(means).all(axis=1)], higher_is_better=higher_is_better)
    leads = drawn == drawn.min(axis=1, keepdims=True)
    low, high = np.quantile(drawn, (0.025, 0.975), axis=0)
    return RankStability(
        mean[0], rank[0], drawn.mean(axis=0), low, high, (leads / leads.sum(axis=1, keepdims=True)).mean(axis=0)
    )


def performance_profile(
    scores: Table, thresholds: Table, *, higher_is_better: bool, resamples: int = 1000, seed: int = 0
) -> Profile:
    """Share of the units of one model that score better than each threshold, mean over cells.

    Args:
        scores: Shape (cells, units), NaN where a unit has none. Every cell has one.
        thresholds: Shape (n,).
        higher_is_better: Whether better is above.
        resamples: Bootstrap samples; whole units are drawn, with all of their cells.
        seed: Seed of the bootstrap.

    Source: Agarwal et al. (2021), section 4.2; they draw runs of each task apart, which cells that share patients do
    not allow.
    """
    known = np.isfinite(scores)
    filled = np.where(known, scores, 0.0)[:, :, None]
    better = (filled > thresholds) if higher_is_better else (filled < thresholds)
    sums, counts = (better & known[:, :, None]).astype(float), known.astype(float)
    units = scores.shape[1]
    share = _means(np.ones((1, units)), sums, counts)[0]
    if units < 2:
        return Profile(share)
    drawn = _means(_draws(units, resamples, seed), sums, counts)
    low, high = np.quantile(drawn[np.isfinite(drawn).all(axis=1)], (0.025, 0.975), axis=0)
    return Profile(share, low, high)


def _draws(units: int, resamples: int, seed: int) -> Table:
    """How often each unit is drawn, shape (resamples, units), int."""
    drawn = np.random.default_rng(seed).multinomial(units, np.full(units, 1 / units), size=resamples)
    return drawn.astype(float)


def _means(weights: Table, sums: Table, counts: Table) -> Table:
    """Mean over the cells in which a sample has scores, shape (samples, models or thresholds)."""
    total = np.zeros((len(weights), sums.shape[2]))
    filled = np.zeros((len(weights), 1))
    for of_cell, of_count in zip(sums, counts, strict=True):
        number = (weights @ of_count)[:, None]
        total += np.where(number > 0, (weights @ of_cell) / np.maximum(number, 1), 0.0)
        filled += number > 0
    means: Table = np.where(filled > 0, total / np.maximum(filled, 1), np.nan)
    return means


def _ranks(means: Table, *, higher_is_better: bool) -> Table:
    if not means.size:
        return means
    step = max(float(np.abs(means).max()) * ROUNDING, np.finfo(float).tiny)
    rounded = np.round(means / step)
    ranks: Table = stats.rankdata(-rounded if higher_is_better else rounded, method="average", axis=1)
    return ranks
