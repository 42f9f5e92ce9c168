"""Scores that all models have for the same seeds and patients: the input of ranks and performance profiles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridctl.analysis.scores import Observations
from gridctl.analysis.summaries import CellRuns

Table = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SharedScores:
    """Scores by cell, unit and model.

    Attributes:
        models: Their names.
        units: Seeds, or patients.
        n_seeds: Seeds with a run of every model in some cell.
        patients: Distinct patients; 0 if units are seeds and scores are not means over patients.
        sums: Shape (cells, units, models), sums of scores.
        counts: Shape (cells, units), how many scores each sum has.
    """

    models: Sequence[str]
    units: int
    n_seeds: int
    patients: int
    sums: Table
    counts: Table

    @property
    def means(self) -> Table:
        """Shape (cells, units, models), NaN where a unit has no score."""
        counts = self.counts[:, :, None]
        found: Table = np.where(counts > 0, self.sums / np.maximum(counts, 1), np.nan)
        return found


def shared_scores(
    cells: Sequence[CellRuns], metric: str, observations: Observations, claim: str
) -> SharedScores | None:
    """The scores that every model has: a seed or patient that one of them lacks is left out for all.

    Args:
        cells: Runs of each model in each cell.
        metric: The score.
        observations: Scores of finished runs.
        claim: `population` makes each patient a unit, `cohort` each seed.

    Returns:
        The scores; None if the models share none.
    """
    models = list(dict.fromkeys(cell.model for cell in cells))
    of_patients = observations.patients.get(metric)
    scored = [
        found
        for place, seed, runs in _runs_of_all(cells, models)
        if (found := _scored(place, seed, runs, metric, observations)) is not None
    ]
    if not scored:
        return None
    by_patient = claim == "population" and of_patients is not None
    names = sorted({name for item in scored for name in item.patients})
    seeds = list(dict.fromkeys(item.seed for item in scored))
    drawn: Sequence[str | int] = names if by_patient else seeds
    units = {unit: at for at, unit in enumerate(drawn)}
    filled = {place: at for at, place in enumerate(dict.fromkeys(item.cell for item in scored))}
    sums, counts = np.zeros((len(filled), len(units), len(models))), np.zeros((len(filled), len(units)))
    for item in scored:
        cell = filled[item.cell]
        if by_patient:
            at_units = np.array([units[name] for name in item.patients])
            sums[cell, at_units] += item.scores.T
            counts[cell, at_units] += 1
        else:  # a run's score is the mean over its patients
            sums[cell, units[item.seed]] += item.scores.mean(axis=1)
            counts[cell, units[item.seed]] += 1
    return SharedScores(models, len(units), len(seeds), len(names) if of_patients is not None else 0, sums, counts)


@dataclass(frozen=True, slots=True)
class _Scored:
    """Scores of one seed in one cell, shape (models, patients); one column without scores of patients."""

    cell: int
    seed: int
    patients: Sequence[str]
    scores: Table


def _runs_of_all(cells: Sequence[CellRuns], models: Sequence[str]) -> Iterator[tuple[int, int, list[str]]]:
    """For each cell and seed (and fold) with a finished run of every model: the cell's index, the seed, the runs."""
    places: dict[tuple[float, str], int] = {}
    runs: dict[tuple[int, int, int | None], dict[str, str]] = {}
    for cell in cells:
        place = places.setdefault((cell.train_ratio, cell.ablation), len(places))
        for run, (seed, fold) in zip(cell.finished, cell.seeds, strict=True):
            runs.setdefault((place, seed, fold), {})[cell.model] = run
    for (place, seed, _), by_model in runs.items():
        if len(by_model) == len(models):
            yield place, seed, [by_model[name] for name in models]


def _scored(cell: int, seed: int, runs: Sequence[str], metric: str, observations: Observations) -> _Scored | None:
    of_patients = observations.patients.get(metric)
    if of_patients is None:
        values = [observations.of_runs(metric, [run])[:1] for run in runs]
        return _Scored(cell, seed, ("",), np.array(values)) if all(len(value) for value in values) else None
    known = [of_patients.scores_of(run) for run in runs]
    both = [name for name in known[0] if all(name in of_run for of_run in known)]
    return _Scored(cell, seed, both, np.array([[of_run[name] for name in both] for of_run in known])) if both else None
