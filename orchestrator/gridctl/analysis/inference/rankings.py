"""Ranks of three or more models over the grid, with their stability, and every model's performance profile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from gridctl.analysis.inference.claims import claim_of
from gridctl.analysis.inference.families import is_secondary, is_selected
from gridctl.analysis.inference.shared_scores import SharedScores, shared_scores
from gridctl.analysis.model.ranking import ModelRank, ProfilePoint
from gridctl.analysis.request import ReportRequest
from gridctl.analysis.scores import Observations
from gridctl.analysis.statistics.resampled_units import performance_profile, rank_stability
from gridctl.analysis.summaries import CellRuns
from gridctl.experiment.schema import ComparisonSpec
from gridctl.experiment.scores.measures import Measure

FEWEST_RANKED: Final = 3
"""Fewest models that are ranked: for two the comparison is enough."""

RESAMPLES: Final = 2000
THRESHOLDS: Final = 41
"""Thresholds of a profile, from the lowest score to the highest."""


def rankings(
    cells: Sequence[CellRuns],
    asked: Sequence[ComparisonSpec],
    measures: Sequence[Measure],
    observations: Observations,
    request: ReportRequest,
) -> tuple[list[ModelRank], list[ProfilePoint]]:
    """Ranks, best first, and profiles of every compared score.

    Args:
        cells: Runs of each model in each cell.
        asked: The comparisons: their claim decides what the bootstrap resamples.
        measures: The compared scores.
        observations: Scores of finished runs.
        request: Its seed is the bootstrap's; pooled epochs get neither ranks nor profiles.
    """
    ranks: list[ModelRank] = []
    points: list[ProfilePoint] = []
    for measure in measures if request.unit == "run" else ():
        about = [item for item in asked if measure.name in item.metrics and not is_secondary(item, measure.name)]
        if not about or not measure.is_score or is_selected(about[0].score, measure):
            continue
        claim = claim_of(about[0], with_patients=measure.name in observations.patients)
        by_patient = claim if measure.name in observations.patients else "cohort"
        shared = shared_scores(cells, measure.name, observations, by_patient)
        if shared is None:
            continue
        if len(shared.models) >= FEWEST_RANKED:
            ranks += sorted(_ranks(measure, by_patient, shared, cells, request.seed), key=lambda row: row.rank)
        points += _profiles(measure, by_patient, shared, request.seed)
    return ranks, points


def _ranks(
    measure: Measure, claim: str, shared: SharedScores, cells: Sequence[CellRuns], seed: int
) -> Iterator[ModelRank]:
    found = rank_stability(
        shared.sums, shared.counts, higher_is_better=measure.higher_is_better, resamples=RESAMPLES, seed=seed
    )

    def of(values: np.ndarray | None, at: int) -> float | None:
        return None if values is None else float(values[at])

    for at, model in enumerate(shared.models):
        yield ModelRank(
            metric=measure.name,
            label=measure.label,
            higher_is_better=measure.higher_is_better,
            model=model,
            models=len(shared.models),
            claim=claim,
            cells=len(shared.counts),
            n_seeds=shared.n_seeds,
            patients=shared.patients,
            mean=float(found.mean[at]),
            rank=float(found.rank[at]),
            mean_rank=of(found.mean_rank, at),
            rank_low=of(found.low, at),
            rank_high=of(found.high, at),
            first=of(found.first, at),
            resamples=0 if found.first is None else RESAMPLES,
            unfinished=sum(cell.unfinished for cell in cells),
        )


def _profiles(measure: Measure, claim: str, shared: SharedScores, seed: int) -> Iterator[ProfilePoint]:
    means = shared.means
    low, high = float(np.nanmin(means)), float(np.nanmax(means))
    thresholds = np.linspace(low, high, THRESHOLDS) if high > low else np.array([low])
    for at, model in enumerate(shared.models):
        found = performance_profile(means[:, :, at], thresholds, higher_is_better=measure.higher_is_better, seed=seed)
        for index, threshold in enumerate(thresholds):
            yield ProfilePoint(
                metric=measure.name,
                model=model,
                claim=claim,
                n=shared.units,
                threshold=float(threshold),
                share=float(found.share[index]),
                low=None if found.low is None else float(found.low[index]),
                high=None if found.high is None else float(found.high[index]),
            )
