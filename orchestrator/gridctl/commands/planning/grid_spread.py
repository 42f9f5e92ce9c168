"""How much the difference over the whole grid varies between seeds and patients, and the power of its test."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridctl.analysis.inference.claims import patient_tables
from gridctl.analysis.inference.families import cells_of
from gridctl.analysis.inference.overall import seed_table
from gridctl.analysis.pairing.pairs import pair_models, rows_by_name
from gridctl.analysis.scores import Observations, Scored
from gridctl.analysis.statistics.population.crossed_components import Sums, crossed_components
from gridctl.analysis.statistics.population.two_way_power import CrossedDesign
from gridctl.analysis.statistics.power import deviation_interval
from gridctl.collection.collect import Collected
from gridctl.commands.planning.stopping_power import ONE_LOOK, StoppingPower, population_power
from gridctl.experiment import Experiment
from gridctl.experiment.schema import ComparisonSpec

_LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class OverGrid:
    """What the one test over the whole grid, which a report makes first, can show of the declared effect in every cell.

    Attributes:
        cells: It is a mean over.
        tests: Of its family: each number below is of level 0.05 over so many, as for the smallest p of Holm's.
        deviation: Between seeds, of the mean over cells.
        seeds_measured: Seeds that this was measured over: those with a pair in every cell.
        power_now, seeds_needed, seeds_low, seeds_high: For these patients; as in `Need`.
        patients: Scored in every cell; 0 without scores of patients.
        population_power_now, population_seeds_needed, patients_needed: For patients like these; as in `Need`.
    """

    cells: int
    tests: int
    deviation: float
    seeds_measured: int
    power_now: float
    seeds_needed: int | None
    seeds_low: int | None
    seeds_high: int | None
    patients: int = 0
    population_power_now: float | None = None
    population_seeds_needed: int | None = None
    patients_needed: int | None = None


@dataclass(frozen=True, slots=True)
class GridSpread:
    """What was measured of it.

    Attributes:
        means: Mean over cells of each complete seed's differences, shape (seeds,).
        patients: The same of each patient scored in every cell, seeds x patients, NaN where one was not; None without
            scores of patients.
        cells: Of the grid.
    """

    means: NDArray[np.float64]
    patients: NDArray[np.float64] | None
    cells: int


def measured_over_grid(
    asked: ComparisonSpec, metric: str, collected: Collected, epochs: pd.DataFrame, experiment: Experiment
) -> GridSpread | None:
    """Of the pairs that there are; None for a grid of one cell, and below three complete seeds.

    Args:
        asked: What is compared.
        metric: On what.
        collected: What was measured so far.
        epochs: Of finished runs.
        experiment: Its cells and folds.
    """
    cells = cells_of(asked, experiment)
    if len(cells) < 2 or epochs.empty or metric not in collected.measures:
        return None
    observed = Observations.of(Scored(epochs, collected.cases, collected.measures), [metric], "run", asked.score)
    values, shared = [], []
    for pair in pair_models(rows_by_name(collected.runs), asked.model, asked.against).complete:
        a, b = observed.of_pair(metric, pair.model_run, pair.against_run)
        cell = (pair.train_ratio, pair.ablation)
        if len(a) and cell in cells:
            values.append((pair.seed, (*cell, pair.fold), float(a[0] - b[0])))
            of_patients = observed.patients_of_pair(metric, pair.model_run, pair.against_run)
            shared += [(pair.seed, cell, of_patients)] if of_patients is not None else []
    table = seed_table(values, [(*cell, fold) for cell in cells for fold in experiment.folds])
    means = table[np.isfinite(table).all(axis=1)].mean(axis=1) if table.size else np.array([])
    if len(means) < 3:
        return None
    return GridSpread(means, patient_tables(shared, cells).mean(axis=0) if shared else None, len(cells))


def power_over_grid(
    spread: GridSpread,
    effect: float,
    seeds: int,
    tests: int,
    power: float,
    stopping: StoppingPower = ONE_LOOK,
) -> OverGrid | None:
    """Power of the test over the whole grid; None where the differences do not vary.

    Args:
        spread: As measured.
        effect: The true difference in every cell.
        seeds: Of the grid.
        tests: Of the family.
        power: Wanted.
        stopping: When it may be looked at.
    """
    deviation, level = float(spread.means.std(ddof=1)), _LEVEL / tests
    if deviation == 0:
        return None
    low, high = deviation_interval(deviation, len(spread.means))
    design, patients = _design(spread.patients)
    rule = stopping.over_grid
    of_population = (
        (None, None, None)
        if design is None
        else population_power(design, effect, seeds, patients, power, level, stopping)
    )
    return OverGrid(
        cells=spread.cells,
        tests=tests,
        deviation=deviation,
        seeds_measured=len(spread.means),
        power_now=rule.power(effect / deviation, seeds, level) if seeds > 1 else 0.0,
        seeds_needed=rule.pairs_needed(effect / deviation, power, level),
        seeds_low=rule.pairs_needed(effect / low, power, level),
        seeds_high=rule.pairs_needed(effect / high, power, level),
        patients=patients,
        population_power_now=of_population[0],
        population_seeds_needed=of_population[1],
        patients_needed=of_population[2],
    )


def _design(table: NDArray[np.float64] | None) -> tuple[CrossedDesign | None, int]:
    if table is None:
        return None, 0
    sums = Sums.of(table, np.ones(table.shape))
    seeds, patients = sums.weights.shape
    parts = crossed_components(sums) if seeds > 1 and patients > 1 else None
    if parts is None:
        return None, patients
    return CrossedDesign(parts.clipped(), float((sums.weights > 0).mean())), patients
