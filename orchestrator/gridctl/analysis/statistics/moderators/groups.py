"""Whether a mean difference is not the same in all groups of patients, or at all time points."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gridctl.analysis.statistics.moderators.welch_of_groups import welch_of_groups
from gridctl.analysis.statistics.paired_t import paired_t
from gridctl.analysis.statistics.population.two_way import two_way

Table = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class GroupDifference:
    """A test of whether several means are equal.

    Attributes:
        statistic: Welch's F, or the largest |t| of all contrasts; None where there is no test.
        df_groups, df_error: Degrees of freedom of F; of |t| the latter alone.
        p: Two-sided; of contrasts after Bonferroni.
    """

    statistic: float | None = None
    df_groups: float = 0.0
    df_error: float = 0.0
    p: float | None = None


def between_patients(differences: ArrayLike, groups: Sequence[int]) -> GroupDifference:
    """Test whether new patients of several groups have the same mean difference, for new seeds.

    Seeds are common to all groups: what one does to all patients is taken out with the means of the groups, by least
    squares. Groups may vary differently, as in Welch's test. What a seed does to one group more than to another is a
    variance of its own, and part of that of each group's mean.

    Args:
        differences: Shape (J seeds, N patients), NaN where a patient was not scored.
        groups: Of each patient, from 0.

    Returns:
        The test; without a p below two groups, two seeds, two patients of a group, where nothing varies, or where
        no seed connects the groups.

    Source: Welch (1951) with the covariance of two-way data in place of s^2/n; variances by Henderson's (1953) method
    3 within each group, and of seeds by groups by the method of moments, from differences of two groups under each
    seed; degrees of freedom of each group's mean after Satterthwaite (1946). Assumes that patients are independent of
    each other, and that a seed's effect on a group varies alike in all of them.
    """
    d, given = np.asarray(differences, dtype=float), np.asarray(groups)
    scored = np.isfinite(d).any(axis=0)
    names, of = np.unique(given[scored], return_inverse=True)
    found = welch_of_groups(d[None, :, scored], of)
    p = float(found.p[0])
    if math.isnan(p):
        return GroupDifference()
    return GroupDifference(float(found.statistic[0]), len(names) - 1.0, float(found.df_error[0]), p)


def within_patients(tables: Sequence[ArrayLike]) -> GroupDifference:
    """Test whether the same patients have the same mean difference at several time points, for new patients and seeds.

    Args:
        tables: For each group, shape (J seeds, N patients): the same patients in all, NaN where one was not scored.

    Returns:
        Two-way tests of each group against the mean of the others, after Bonferroni; of two groups one test.
    """
    each = np.stack([np.asarray(table, dtype=float) for table in tables])
    found = [two_way(contrast) for contrast in _contrasts(each)]
    return _largest([(test.t, test.df, test.p) for test in found])


def over_seeds(means: ArrayLike) -> GroupDifference:
    """Test whether these patients' mean differences are the same in all groups, over seeds.

    Args:
        means: Shape (G groups, J seeds), NaN where a seed has none of a group.

    Returns:
        Paired t-tests of each group against the mean of the others, after Bonferroni; of two groups one test.
    """
    of_groups = np.asarray(means, dtype=float)
    complete = of_groups[:, np.isfinite(of_groups).all(axis=0)]
    if complete.shape[1] < 2:
        return GroupDifference()
    found = [paired_t(contrast, np.zeros(len(contrast))) for contrast in _contrasts(complete)]
    return _largest([(test.t, test.degrees_of_freedom, test.p) for test in found])


def _contrasts(of_groups: Table) -> list[Table]:
    """Each group minus the mean of the others; of two groups the one contrast that there is."""
    number = len(of_groups)
    if number < 2:
        return []
    total = of_groups.sum(axis=0)
    wanted = range(1 if number == 2 else number)
    return [of_groups[group] - (total - of_groups[group]) / (number - 1) for group in wanted]


def _largest(tests: Sequence[tuple[float | None, float, float | None]]) -> GroupDifference:
    known = [(p, abs(t), df) for t, df, p in tests if p is not None and t is not None]
    if not known:
        return GroupDifference()
    p, t, df = min(known)
    return GroupDifference(t, 0.0, df, min(1.0, len(tests) * p))
