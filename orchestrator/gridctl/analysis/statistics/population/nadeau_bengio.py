"""A paired t over random re-splits of one cohort, corrected for the overlap of their training sets."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from gridctl.analysis.statistics.paired_scores import rounding

SMALLEST_TRAIN_RATIO: Final = 0.5
"""Below it the corrected test almost never finds a difference: most patients validate, so that n_test/n_train > 1."""


@dataclass(frozen=True, slots=True)
class CorrectedT:
    """The corrected resampled t-test.

    Attributes:
        mean: Mean of the differences.
        se: Standard error; None below two splits, and without spread.
        t, degrees_of_freedom, p: The test, two-sided.
        low, high: Confidence interval.
    """

    mean: float
    degrees_of_freedom: int
    se: float | None = None
    t: float | None = None
    p: float | None = None
    low: float | None = None
    high: float | None = None


def why_not_corrected(train_ratio: float, *, random_splits: bool, validation: bool) -> str:
    """Why the corrected test does not apply; empty where it does.

    Args:
        train_ratio: Share of the patients that is trained on.
        random_splits: Whether each seed splits the cohort again; a fixed split or folds do not.
        validation: Whether the scores are of the patients that the split left out.
    """
    if not validation:
        return "the set is the same patients for every seed, and the correction is for patients that each split draws"
    if not random_splits:
        return "the correction is for random splits, and these are fixed"
    if train_ratio < SMALLEST_TRAIN_RATIO:
        return f"at a train ratio of {train_ratio:g}, below {SMALLEST_TRAIN_RATIO:g}, the correction finds nothing"
    return ""


def corrected_t(differences: ArrayLike, n_test: int, n_train: int, confidence: float = 0.95) -> CorrectedT | None:
    """Test whether a mean difference over random splits is 0.

    Args:
        differences: Shape (J,), finite, one per split.
        n_test: Patients scored in each split.
        n_train: Patients trained on in each.
        confidence: Level of the interval, in (0, 1).

    Returns:
        The test; None without differences.

    Raises:
        ValueError: A difference is not finite, or there are no patients on one side, or fewer are trained on
            than are scored.

    Source: Nadeau and Bengio (2003), equation 9: t = mean / (s sqrt(1/J + n_test/n_train)), J - 1 degrees of freedom.
    """
    d = _checked(differences, n_test, n_train)
    if not len(d):
        return None
    mean, df = float(d.mean()), len(d) - 1
    se = _standard_error(d, n_test, n_train)
    if se is None:
        return CorrectedT(mean, df)
    reach = float(stats.t.ppf((1 + confidence) / 2, df)) * se
    t = mean / se
    return CorrectedT(mean, df, se, t, float(2 * stats.t.sf(abs(t), df)), mean - reach, mean + reach)


def _standard_error(d: NDArray[np.float64], n_test: int, n_train: int) -> float | None:
    if len(d) < 2 or float(d.std(ddof=1)) <= rounding(d):
        return None
    return float(d.std(ddof=1)) * math.sqrt(1 / len(d) + n_test / n_train)


def _checked(differences: ArrayLike, n_test: int, n_train: int) -> NDArray[np.float64]:
    d = np.asarray(differences, dtype=float)
    if d.ndim != 1 or not np.isfinite(d).all():
        raise ValueError("a difference is not finite, or there is more than one per split")
    if n_test < 1 or n_train < 1:
        raise ValueError(f"{n_test} patients scored and {n_train} trained on")
    if n_test > n_train:
        raise ValueError(f"{n_test} patients are scored and only {n_train} trained on, a train ratio below 0.5")
    return d
