"""The two readings of a cell: these patients, over seeds; and patients like these, over seeds and patients."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from gridctl.analysis.scorecards.patient_scores import PairOfPatients
from gridctl.analysis.statistics.equivalence import rope_posterior, tost
from gridctl.analysis.statistics.population.two_way import TwoWay, two_way
from gridctl.experiment.schema import ComparisonSpec

Claim = Literal["cohort", "population"]

TWO_WAY: Final = "two-way"
"""Name of the test over seeds and patients."""


def claim_of(asked: ComparisonSpec, *, with_patients: bool) -> Claim:
    """The population of a comparison's headline.

    Args:
        asked: The comparison as it was declared.
        with_patients: Whether there are scores of each patient.
    """
    if asked.claim is not None:
        return asked.claim
    return "population" if with_patients and asked.stopping != "anytime" else "cohort"


def patient_table(pairs: Sequence[tuple[int, PairOfPatients]]) -> NDArray[np.float64]:
    """Paired differences as seeds x patients, NaN where a patient was not scored.

    Folds of one seed form one row: each validates different patients, and their training patients overlap.

    Args:
        pairs: For each pair its seed, and the patients whom both runs scored.
    """
    table: NDArray[np.float64] = patient_tables([(seed, "", pair) for seed, pair in pairs])[0]
    return table


def patient_tables(
    pairs: Sequence[tuple[int, Hashable, PairOfPatients]], cells: Sequence[Hashable] = ("",)
) -> NDArray[np.float64]:
    """The same for several cells: cells x seeds x patients.

    Args:
        pairs: For each pair its seed, its cell, and the patients whom both runs scored.
        cells: All cells; a pair of any other cell is an error.
    """
    seeds = {seed: row for row, seed in enumerate(dict.fromkeys(seed for seed, _, _ in pairs))}
    names = sorted(set().union(*(pair.patients for _, _, pair in pairs)))
    columns, places = {name: column for column, name in enumerate(names)}, {cell: at for at, cell in enumerate(cells)}
    shape = len(cells), len(seeds), len(names)
    column_of = np.array([columns[name] for _, _, pair in pairs for name in pair.patients], dtype=np.int64)
    row_of = np.array([places[cell] * len(seeds) + seeds[seed] for seed, cell, _ in pairs], dtype=np.int64)
    at = np.repeat(row_of, [len(pair.patients) for _, _, pair in pairs]) * len(names) + column_of
    differences = np.concatenate([np.zeros(0), *(pair.model - pair.against for _, _, pair in pairs)])
    total = np.bincount(at, weights=differences, minlength=math.prod(shape)).reshape(shape)
    times = np.bincount(at, minlength=math.prod(shape)).reshape(shape)
    return np.where(times > 0, total / np.maximum(times, 1), np.nan)


def population_fields(found: TwoWay) -> dict[str, Any]:
    """Fields of a `ComparisonRow` or `Overall`: the reading for patients like these."""
    parts = found.parts
    return {
        "population_difference": found.mean,
        "population_low": found.low,
        "population_high": found.high,
        "population_t": found.t,
        "population_df": found.df,
        "population_p": found.p,
        "population_sd_seed": None if parts is None else math.sqrt(parts.seed),
        "population_sd_patient": None if parts is None else math.sqrt(parts.patient),
        "population_sd_residual": None if parts is None else math.sqrt(parts.residual),
    }


def with_readings(
    fields: Mapping[str, Any], asked: ComparisonSpec, table: NDArray[np.float64] | None
) -> dict[str, Any]:
    """Fields of a row with both readings; its difference, interval and p are those of the declared claim.

    Args:
        fields: Fields from the paired t-test over seeds.
        asked: What was declared.
        table: Seeds x patients; None where there are no scores of patients.
    """
    told = dict(fields) | {
        "claim": "cohort",
        "cohort_difference": fields["difference"],
        "cohort_low": fields["ci_low"],
        "cohort_high": fields["ci_high"],
        "cohort_p": fields["p"],
    }
    if table is None:
        return told
    found = two_way(table)
    told |= population_fields(found) | {"n_seeds": found.n_seeds, "patients": found.n_patients}
    if claim_of(asked, with_patients=True) == "population":
        told |= {"claim": "population", **two_way_fields(found), "p_tost": _tost(found, asked.equivalence_margin)}
    return told


def two_way_fields(found: TwoWay) -> dict[str, Any]:
    """Fields of any row of which the two-way test is that of the claim."""
    return {
        "test": "none" if found.p is None else TWO_WAY,
        "difference": found.mean,
        "ci_low": found.low,
        "ci_high": found.high,
        "t": found.t,
        "degrees_of_freedom": found.df,
        "p": found.p,
    }


def posterior_fields(fields: Mapping[str, Any], asked: ComparisonSpec) -> dict[str, Any]:
    """Where the difference probably lies against the declared margin; nothing without one, or without a test.

    Args:
        fields: Of the declared claim's test.
        asked: Of answers that are looked at more than once there is none: its 95% would be of one look.
    """
    margin = asked.equivalence_margin
    if margin is None or asked.stopping != "fixed" or fields["p"] is None or not fields["t"]:
        return {}
    se = abs(fields["difference"] / fields["t"])
    found = rope_posterior(fields["difference"], se, fields["degrees_of_freedom"], margin)
    return {"rope_below": found.below, "rope_within": found.within, "rope_above": found.above}


def _tost(found: TwoWay, margin: float | None) -> float | None:
    if margin is None or found.se is None or found.mean is None:
        return None
    return tost(found.mean, found.se, found.df, margin).p
