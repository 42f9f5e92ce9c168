"""How much paired differences vary in the runs trained so far: between pairs, seeds and patients."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gridctl.analysis.inference.claims import patient_table
from gridctl.analysis.pairing.pairs import Pair, pair_models, rows_by_name
from gridctl.analysis.scores import Observations, Scored
from gridctl.analysis.statistics.population.crossed_components import Sums, crossed_components
from gridctl.analysis.statistics.population.two_way_power import CrossedDesign
from gridctl.collection.collect import Collected
from gridctl.experiment.schema import ComparisonSpec


@dataclass(frozen=True, slots=True)
class Spread:
    """The variation of paired differences.

    Attributes:
        deviation: Standard deviation of paired differences; None if neither declared nor measured.
        source: `declared`, `measured at ratio 0.2 over 5 pairs`, or `unknown`.
        pairs: How many it was measured on; 0 if it was not.
        design: Variances between seeds and patients; None without scores of patients of two seeds or more.
        patients: How many patients these were measured on.
    """

    deviation: float | None
    source: str
    pairs: int = 0
    design: CrossedDesign | None = None
    patients: int = 0


def measured_spread(asked: ComparisonSpec, metric: str, collected: Collected, epochs: pd.DataFrame) -> Spread:
    """The spread as declared, else the largest measured in a cell of three pairs or more.

    Args:
        asked: What is compared.
        metric: On what.
        collected: What was measured of it so far.
        epochs: Of finished runs.
    """
    if epochs.empty or metric not in collected.measures:
        return Spread(asked.effect_sd, "unknown" if asked.effect_sd is None else "declared")
    observed = Observations.of(Scored(epochs, collected.cases, collected.measures), [metric], "run", asked.score)
    cells: dict[tuple[float, str], list[tuple[Pair, float]]] = defaultdict(list)
    for pair in pair_models(rows_by_name(collected.runs), asked.model, asked.against).complete:
        a, b = observed.of_pair(metric, pair.model_run, pair.against_run)
        if len(a):
            cells[pair.train_ratio, pair.ablation].append((pair, float(a[0] - b[0])))
    design, patients = _design(list(cells.values()), metric, observed)
    if asked.effect_sd is not None:
        return Spread(asked.effect_sd, "declared", 0, design, patients)
    spreads = [(_sd([d for _, d in found]), cell, len(found)) for cell, found in cells.items() if len(found) > 2]
    if not spreads or max(spreads)[0] == 0:
        return Spread(None, "unknown", 0, design, patients)
    spread, (ratio, ablation), pairs = max(spreads)
    place = f"ratio {ratio:g}" + ("" if ablation == "none" else f", {ablation}")
    return Spread(spread, f"measured at {place} over {pairs} pairs", pairs, design, patients)


def _design(
    cells: Sequence[Sequence[tuple[Pair, float]]], metric: str, observed: Observations
) -> tuple[CrossedDesign | None, int]:
    """Variances in the cell whose mean varies most, and its patients."""
    found: list[tuple[float, CrossedDesign, int]] = []
    for cell in cells:
        shared = [(pair.seed, observed.patients_of_pair(metric, pair.model_run, pair.against_run)) for pair, _ in cell]
        table = patient_table([(seed, pair) for seed, pair in shared if pair is not None])
        sums = Sums.of(table, np.ones(table.shape))
        seeds, patients = sums.weights.shape
        parts = crossed_components(sums) if seeds > 1 and patients > 1 else None
        if parts is not None:
            design = CrossedDesign(parts.clipped(), float(np.isfinite(table).mean()))
            found.append((design.variance(seeds, patients), design, patients))
    if not found:
        return None, 0
    _, design, patients = max(found, key=lambda item: item[0])
    return design, patients


def _sd(values: Sequence[float]) -> float:
    mean = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))
