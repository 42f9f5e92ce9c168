"""Ranks and performance profiles of several models. Every name here is a key of the JSON."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ModelRank:
    """The place of one model among three or more, by mean score over the whole grid.

    Attributes:
        models: How many are ranked.
        claim: What the bootstrap resamples: `cohort`, seeds; `population`, patients.
        cells, n_seeds, patients: How many all models were scored on; 0 patients without scores of patients.
        mean: Mean score: over patients and seeds of a cell, then over cells.
        rank: Rank by that mean, 1 for the best; tied models share the mean of their ranks.
        mean_rank: Mean rank over the bootstrap samples; None with a single seed, or patient.
        rank_low, rank_high: Ranks between which 95% of the samples lie.
        first: Share of the samples in which it ranks first, ties in equal parts.
        resamples: Number of bootstrap samples; 0 if none was drawn.
        unfinished: Runs of these models that are not in it yet.
    """

    metric: str
    label: str
    higher_is_better: bool
    model: str
    models: int
    claim: str
    cells: int
    n_seeds: int
    patients: int
    mean: float
    rank: float
    mean_rank: float | None
    rank_low: float | None
    rank_high: float | None
    first: float | None
    resamples: int
    unfinished: int


@dataclass(frozen=True, slots=True)
class ProfilePoint:
    """The share of a model's runs, or of patients, with a score better than a threshold; mean over cells of the grid.

    Attributes:
        claim: What is counted: `cohort`, runs; `population`, patients, each with the mean over seeds.
        n: Number of seeds, or patients.
        threshold: A score.
        share: Share above it, or below it if lower is better.
        low, high: Pointwise 95% interval of a bootstrap over seeds, or patients; None below two of them.
    """

    metric: str
    model: str
    claim: str
    n: int
    threshold: float
    share: float
    low: float | None
    high: float | None
