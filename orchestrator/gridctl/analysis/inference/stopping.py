"""When the results may be looked at: once, at declared looks, or after every seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from scipy import stats

from gridctl.analysis.pairing.pairs import Pair
from gridctl.analysis.statistics.sequential.anytime import anytime
from gridctl.analysis.statistics.sequential.looks import adjusted_p, latest_look, nominal_p
from gridctl.experiment import Experiment
from gridctl.experiment.schema import ComparisonSpec, DeclaredLooks

LEVEL: Final = 0.05

ANYTIME: Final = "e-value"
"""Name of the test that may be looked at after every seed."""


def looked_at(asked: ComparisonSpec, pairs: Sequence[Pair], experiment: Experiment) -> Sequence[Pair]:
    """The pairs that may be tested now: all, or those of the longest complete prefix of the declared seeds.

    Args:
        asked: What was declared.
        pairs: Usable pairs of one cell.
        experiment: Its seeds, in the order in which they are declared, and its folds.

    Returns:
        With declared looks, the pairs of the last look that is reached; none before the first.
    """
    if asked.stopping == "fixed":
        return pairs
    known = {(pair.seed, pair.fold): pair for pair in pairs}
    prefix: list[Pair] = []
    for seed in experiment.seeds:
        of_seed = [known[seed, fold] for fold in experiment.folds if (seed, fold) in known]
        if len(of_seed) < len(experiment.folds):
            break
        prefix += of_seed
    if isinstance(asked.stopping, DeclaredLooks):
        return prefix[: latest_look(asked.stopping.looks, len(prefix)) or 0]
    return prefix


def in_every_cell(asked: ComparisonSpec, tested: Sequence[Sequence[Pair]]) -> list[Pair]:
    """The pairs of a test over the whole grid: under declared looks, of the look that every cell has reached.

    Args:
        asked: What was declared.
        tested: Pairs of each cell, from `looked_at`.
    """
    fewest = min((len(pairs) for pairs in tested), default=0)
    return [pair for pairs in tested for pair in (pairs if asked.stopping == "fixed" else pairs[:fewest])]


def first_look(asked: ComparisonSpec) -> int:
    """Pairs of the first declared look; 0 where none is declared."""
    return asked.stopping.looks[0] if isinstance(asked.stopping, DeclaredLooks) else 0


def _interval(fields: Mapping[str, Any], level: float) -> dict[str, float]:
    """The interval that belongs to a test at a stricter level than 0.05."""
    middle, df = fields["difference"], fields["degrees_of_freedom"]
    reach = (fields["ci_high"] - fields["ci_low"]) / 2
    reach *= float(stats.t.ppf(1 - level / 2, df) / stats.t.ppf(1 - LEVEL / 2, df))
    return {"ci_low": middle - reach, "ci_high": middle + reach}


def stopped(fields: Mapping[str, Any], asked: ComparisonSpec, differences: np.ndarray, tests: int) -> dict[str, Any]:
    """Fields of a row with p adjusted for the declared looks.

    Args:
        fields: Fields from the declared claim's test, as if it were looked at once.
        asked: What was declared.
        differences: Differences of the pairs, in the declared order.
        tests: Of the family: an interval that stands for a corrected test is of level 0.05 over so many.
    """
    told = dict(fields)
    if isinstance(asked.stopping, DeclaredLooks):
        looks = asked.stopping.looks
        if told["p"] is not None:
            of_cohort = told["claim"] == "cohort"
            told["p"] = adjusted_p(told["p"], looks) if of_cohort else min(1.0, len(looks) * told["p"])
            told |= _interval(told, nominal_p(looks) if of_cohort else LEVEL / len(looks))
        if told.get("p_tost") is not None:
            told["p_tost"] = min(1.0, len(looks) * told["p_tost"])
        told["look"] = len(differences)
    if asked.stopping == "anytime":
        found = anytime(differences)
        told |= {"look": len(differences), "log_e": found.log_e, "ci_low": found.low, "ci_high": found.high}
        told |= {"p_tost": None, "test": told.get("test", "none") if told["p"] is None else ANYTIME}
        if told["p"] is not None:
            told["p"] = found.p
        if asked.equivalence_margin is not None:
            sure = anytime(differences, alpha=LEVEL / max(1, tests))
            told["equivalent"] = sure.within(asked.equivalence_margin)
    return told
