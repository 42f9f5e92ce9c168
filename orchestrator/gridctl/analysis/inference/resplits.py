"""Claims about patients like these without scores of each patient: from random re-splits, or not at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from gridctl.analysis.statistics.equivalence import tost
from gridctl.analysis.statistics.population.nadeau_bengio import corrected_t, why_not_corrected
from gridctl.errors import InputError
from gridctl.experiment import Experiment
from gridctl.experiment.schema import ComparisonSpec
from gridctl.experiment.scores.measures import Measure
from gridctl_trainer.contract.score_name import VALIDATION

CORRECTED: Final = "Nadeau-Bengio"
"""Name of the test over random re-splits."""


@dataclass(frozen=True, slots=True)
class SplitSizes:
    """How many patients a run scored and trained on."""

    scored: int
    trained: int


def split_sizes(runs: pd.DataFrame) -> dict[str, SplitSizes]:
    """Split sizes by run id, of the runs whose logs record them.

    Args:
        runs: As `Collected.runs`.
    """
    found = {}
    for run, text in zip(runs["run_id"], runs["set_sizes"], strict=True):
        sizes = json.loads(text) if text else {}
        if VALIDATION in sizes and "train" in sizes:
            found[str(run)] = SplitSizes(int(sizes[VALIDATION][0]), int(sizes["train"][0]))
    return found


def check_resplits(asked: ComparisonSpec, measure: Measure, experiment: Experiment) -> None:
    """Refuse a declared claim about patients like these that this score cannot carry.

    Args:
        asked: What was declared.
        measure: A score without scores of patients.
        experiment: Its split and train ratios.

    Raises:
        InputError: Its patients are the same for every seed, its splits are fixed, or a train ratio is below 0.5.
    """
    random_splits = experiment.folds == (None,) and all(run.data.split is None for run in experiment.runs)
    for ratio in experiment.train_ratios:
        why = why_not_corrected(ratio, random_splits=random_splits, validation=measure.set == VALIDATION)
        if why:
            raise InputError(
                f"{measure.label} has no score of each patient, and without them patients like these cannot be spoken "
                f"of: {why}",
                where="compare.claim",
                fix="write claim: cohort, or compare a score of cases, such as validation.dice",
            )


def resplit_fields(asked: ComparisonSpec, differences: np.ndarray, sizes: SplitSizes | None) -> Mapping[str, Any]:
    """Fields of a row that claims something about patients like these, from its differences over random splits.

    Args:
        asked: What was declared.
        differences: One per split.
        sizes: Sizes of the splits; None where no log records them.
    """
    told: dict[str, Any] = {"claim": "population", "n_seeds": len(differences)}
    found = corrected_t(differences, sizes.scored, sizes.trained) if sizes and sizes.scored <= sizes.trained else None
    if found is None or sizes is None:
        return told | {"test": "none", "t": None, "p": None, "p_tost": None, "ci_low": None, "ci_high": None}
    told |= {
        "patients": sizes.scored,
        "test": "none" if found.p is None else CORRECTED,
        "ci_low": found.low,
        "ci_high": found.high,
        "t": found.t,
        "degrees_of_freedom": found.degrees_of_freedom,
        "p": found.p,
        "population_difference": found.mean,
        "population_low": found.low,
        "population_high": found.high,
        "population_t": found.t,
        "population_df": found.degrees_of_freedom,
        "population_p": found.p,
    }
    margin = asked.equivalence_margin
    sure = tost(found.mean, found.se, found.degrees_of_freedom, margin) if margin is not None and found.se else None
    return told | {"p_tost": sure.p if sure else None}
