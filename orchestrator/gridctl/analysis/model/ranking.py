"""Several models beside each other: ranks, and performance profiles. Every name here is a key of the JSON."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ModelRank:
    """The place of one model among three or more, by mean score over the whole grid.

    Attributes:
        models: How many are ranked.
        claim: What the bootstrap draws anew: `cohort`, seeds; `population`, patients.
        cells, n_seeds, patients: What all models were scored on; patients 0 without scores of them.
        mean: Mean score: over patients and seeds of a cell, then over cells.
        rank: By that mean, 1 for the best; models that tie share the mean of their places.
        mean_rank: Mean rank over the bootstrap samples; None where there is one seed, or patient, to draw.
        rank_low, rank_high: Ranks between which 95% of the samples lie.
        first: Share of the samples in which it ranks first, ties in equal parts.
        resamples: Bootstrap samples; 0 where none was drawn.
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
    """Which share of a model's runs, or of patients, scores better than a threshold; mean over the cells of the grid.

    Attributes:
        claim: Of what it is a share: `cohort`, runs; `population`, patients, each with the mean over seeds.
        n: Seeds, or patients.
        threshold: A score.
        share: Above it, or below where lower is better.
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
