"""Every test and interval of one cell's scores."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gridctl.analysis.statistics.bca import bca_mean
from gridctl.analysis.statistics.effect_size import EffectSize, hedges_g_av, hedges_g_z
from gridctl.analysis.statistics.equivalence import paired_tost
from gridctl.analysis.statistics.improvement import probability_of_improvement
from gridctl.analysis.statistics.paired_t import paired_t
from gridctl.analysis.statistics.sign_flip import sign_flip
from gridctl.analysis.statistics.signed_rank import signed_rank
from gridctl.analysis.statistics.smallest_p import smallest_exact_p
from gridctl.analysis.statistics.welch import welch

RESAMPLES: Final = 9999
"""Resamples of the BCa interval and of a sampled permutation test."""

Scores = NDArray[np.float64]
Fields = dict[str, Any]
"""Fields of a `ComparisonRow` by name; fields that are not computed are left out."""


def paired_tests(
    first: Scores, second: Scores, *, higher_is_better: bool, unit: str, margin: float | None, seed: int
) -> Fields:
    """Every test and interval of paired scores.

    Args:
        first: Scores of the model, shape (n,).
        second: Scores of the other model, paired by position.
        higher_is_better: Whether a larger score is an improvement.
        unit: With pooled epochs only the t-test is computed: resampling would
            assume their independence too.
        margin: Equivalence margin; None for no test of equivalence.
        seed: Seed of all resampling.
    """
    t = paired_t(first, second)
    fields: dict[str, Any] = {
        "n_pairs": t.n,
        **_means(first, second),
        "difference": t.difference,
        "test": "none" if t.p is None else "paired t",
        "ci_low": t.ci_low,
        "ci_high": t.ci_high,
        "t": t.t,
        "degrees_of_freedom": t.degrees_of_freedom,
        "p": t.p,
        **_effect_size("hedges_g_av", hedges_g_av(first, second)),
        **_effect_size("hedges_g_z", hedges_g_z(first, second)),
        "equivalence_margin": margin,
    }
    if unit == "run":
        fields |= _resampled(first, second, seed, higher_is_better=higher_is_better)
        fields |= _equivalence(first, second, margin)
    return fields


def unpaired_test(first: Scores, second: Scores, margin: float | None) -> Fields | None:
    """Welch's test of runs that have no partner; None where it is not defined."""
    unpaired = welch(first, second)
    if unpaired is None:
        return None
    return {
        "n_pairs": 0,
        **_means(first, second),
        "difference": unpaired.difference,
        "test": "welch",
        "ci_low": unpaired.ci_low,
        "ci_high": unpaired.ci_high,
        "t": unpaired.t,
        "degrees_of_freedom": unpaired.degrees_of_freedom,
        "p": unpaired.p,
        "equivalence_margin": margin,
    }


def _means(first: Scores, second: Scores) -> dict[str, Any]:
    return {
        "n_model": len(first),
        "n_against": len(second),
        "model_mean": float(first.mean()) if len(first) else None,
        "model_sd": deviation(first),
        "against_mean": float(second.mean()) if len(second) else None,
        "against_sd": deviation(second),
    }


def _resampled(first: Scores, second: Scores, seed: int, *, higher_is_better: bool) -> dict[str, Any]:
    differences = first - second
    interval = bca_mean(differences, resamples=RESAMPLES, seed=seed)
    flips = sign_flip(differences, resamples=RESAMPLES, seed=seed)
    ranks = signed_rank(differences)
    better = probability_of_improvement(first, second, higher_is_better=higher_is_better)
    return {
        "bca_low": interval[0] if interval else None,
        "bca_high": interval[1] if interval else None,
        "p_permutation": flips.p if flips else None,
        "permutations": flips.patterns if flips else 0,
        "permutation_exact": flips.exact if flips else True,
        "wilcoxon_w": ranks.w if ranks else None,
        "p_wilcoxon": ranks.p if ranks else None,
        "p_floor": smallest_exact_p(len(differences)) if len(differences) > 1 else None,
        "probability_of_improvement": better.share if better else None,
        "improvement_low": better.ci_low if better else None,
        "improvement_high": better.ci_high if better else None,
    }


def _effect_size(name: str, found: EffectSize | None) -> dict[str, Any]:
    if found is None:
        return {name: None}
    return {name: found.g, f"{name}_low": found.low, f"{name}_high": found.high}


def _equivalence(first: Scores, second: Scores, margin: float | None) -> dict[str, Any]:
    """The test alone: the verdict follows once p is corrected."""
    tost = paired_tost(first, second, margin) if margin is not None else None
    return {"p_tost": tost.p if tost else None}


def deviation(values: Scores) -> float | None:
    """Standard deviation of a sample; None below two values."""
    return float(values.std(ddof=1)) if len(values) > 1 else None
