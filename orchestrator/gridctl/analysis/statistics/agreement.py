"""Limits of agreement of measurements with the truth, where the same subjects are measured several times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

FEWEST_SUBJECTS: Final = 3
"""For limits: below, a spread between subjects is hardly one."""

_NORMAL: Final = 1.96


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far measurements lie from the truth.

    Attributes:
        bias: Mean difference.
        low, high: 95% limits of agreement; None with too few subjects.
        subjects, measurements: How many there are of each.
    """

    bias: float
    low: float | None
    high: float | None
    subjects: int
    measurements: int


def limits_of_agreement(differences: NDArray[np.float64], subjects: NDArray[np.int64]) -> Agreement | None:
    """Bias and limits, in which a subject that is measured often does not count as several.

    With one measurement each this is mean ∓ 1.96 standard deviations. With more, the variance of a single difference is
    that between subjects plus that within them, from a one-way analysis of variance by subject with unequal numbers.
    Taking all differences as independent would be too narrow where few subjects are measured often.

    Source: Bland and Altman, "Agreement between methods of measurement with multiple observations per individual",
    J. Biopharm. Stat. 17 (2007) 571-582. A component between subjects below 0 is taken as 0.

    Args:
        differences: Measured minus true.
        subjects: Whose each is.

    Returns:
        None without a difference.
    """
    if not len(differences):
        return None
    bias = float(differences.mean())
    _, place, counts = np.unique(subjects, return_inverse=True, return_counts=True)
    groups, total = len(counts), len(differences)
    if groups < FEWEST_SUBJECTS:
        return Agreement(bias, None, None, groups, total)
    means = np.bincount(place, weights=differences) / counts
    between = float((counts * (means - bias) ** 2).sum()) / (groups - 1)
    within = float(((differences - means[place]) ** 2).sum()) / (total - groups) if total > groups else 0.0
    size = (total - (counts**2).sum() / total) / (groups - 1)  # measurements per subject, if they were alike
    variance = max(0.0, (between - within) / size) + within
    reach = _NORMAL * float(np.sqrt(variance))
    return Agreement(bias, bias - reach, bias + reach, groups, total)
