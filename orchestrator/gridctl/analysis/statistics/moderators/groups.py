"""Whether a mean difference is not the same in all groups of patients, or at all time points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from gridctl.analysis.statistics.paired_scores import rounding
from gridctl.analysis.statistics.paired_t import paired_t
from gridctl.analysis.statistics.population.crossed_components import Components, Sums, crossed_components
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
        The test; without a p below two groups, two seeds, two patients of a group, or where nothing varies.

    Source: Welch (1951) with the covariance of two-way data in place of s^2/n; variances by Henderson's (1953) method
    1 within each group; degrees of freedom of each group's mean after Satterthwaite (1946). Assumes that patients are
    independent of each other, and that a seed's effect on a group varies alike in all of them.
    """
    d = np.asarray(differences, dtype=float)
    known = np.isfinite(d)
    rows, columns = known.any(axis=1), known.any(axis=0)
    d, known, given = d[np.ix_(rows, columns)], known[np.ix_(rows, columns)], np.asarray(groups)[columns]
    names, of = np.unique(given, return_inverse=True)
    sizes = np.bincount(of, minlength=len(names))
    if len(names) < 2 or len(d) < 2 or sizes.min() < 2:
        return GroupDifference()
    if float(np.nanstd(np.where(known, d, np.nan))) <= 10 * rounding(np.nan_to_num(d)):
        return GroupDifference()
    parts = [Sums.of(d[:, of == group], np.ones((len(d), size))) for group, size in enumerate(sizes)]
    found = [_components(part) for part in parts]
    common = _common_to_groups(parts, [d[:, of == group] for group in range(len(names))])
    of_group = max(0.0, float(np.mean([part.seed for part in found])) - common)
    means, spread = _means(d, known, of, [part.clipped() for part in found], of_group)
    number = len(names)
    free = (len(d) - 1) * (number - 1) * 3 * (number - 1) / (number * (number + 1))  # Welch's F adds them up again
    own = [_own(part, item.clipped(), of_group, free) for part, item in zip(parts, found, strict=True)]
    if min(variance for variance, _ in own) <= 0:
        return GroupDifference()
    return _welch(means, spread, np.array([v for v, _ in own]), np.array([df for _, df in own]))


def _components(part: Sums) -> Components:
    """Variances within a group; where no patient has two seeds all of it is residual."""
    seeds, patients = part.weights.shape
    found = crossed_components(part) if seeds > 1 and patients > 1 else None
    if found is not None:
        return found
    return Components(0.0, 0.0, float((part.residuals**2).sum() / max(np.count_nonzero(part.weights) - 1, 1)))


def _common_to_groups(parts: Sequence[Sums], tables: Sequence[Table]) -> float:
    """Variance of what a seed does to all groups alike: from products of residuals of different groups."""
    there = [np.isfinite(table) for table in tables]
    residuals = [np.nan_to_num(table - part.mean) for table, part in zip(tables, parts, strict=True)]
    sums = [of_group.sum(axis=1) for of_group in residuals]
    numbers = [known.sum(axis=1) for known in there]
    products = expected = 0.0
    for at in range(len(tables)):
        for other in range(at):
            a, b = numbers[at] / numbers[at].sum(), numbers[other] / numbers[other].sum()
            products += float(sums[at] @ sums[other])
            expected += float((numbers[at] * numbers[other] * (1 - a - b + a @ b)).sum())
    return products / expected if expected > 0 else 0.0


def _means(
    d: Table, known: NDArray[np.bool_], of: NDArray[np.intp], parts: Sequence[Components], of_group: float
) -> tuple[Table, Table]:
    """Means of the groups with seeds taken out, and their covariance."""
    rows, columns = np.nonzero(known)
    seeds, number, cells = len(d), len(parts), np.arange(len(rows))
    design = np.zeros((len(rows), seeds + number))
    design[cells, rows] = 1
    design[cells, seeds + of[columns]] = 1
    estimator = (np.linalg.pinv(design.T @ design) @ design.T)[seeds:]
    residual = np.array([part.residual for part in parts])[of[columns]]
    spread = (estimator * residual) @ estimator.T
    by_patient = np.zeros((d.shape[1], number))
    np.add.at(by_patient, columns, estimator.T)
    spread += (by_patient.T * np.array([part.patient for part in parts])[of]) @ by_patient
    by_group = np.zeros((seeds * number, number))
    np.add.at(by_group, rows * number + of[columns], estimator.T)
    spread += of_group * by_group.T @ by_group
    return estimator @ d[rows, columns], spread


def _own(part: Sums, found: Components, of_group: float, free: float) -> tuple[float, float]:
    """Variance of a group's mean, and its degrees of freedom; `free` are those of seeds by groups, as of one group."""
    seeds, patients = part.weights.shape
    of_seed, of_patient, of_cell = part.shares
    scored = float((part.weights > 0).mean())
    variance = of_group * of_seed + found.patient * of_patient + found.residual * of_cell
    by_seed = of_group * of_seed + (found.patient * (1 - scored) + found.residual) * of_cell
    by_patient = variance - of_group * (of_seed - of_cell)
    twice = max(by_seed + by_patient - variance, 0.0)
    cells = max(np.count_nonzero(part.weights) - seeds - patients + 1, 1)
    lack = by_patient**2 / (patients - 1)
    if of_group > 0:
        lack += by_seed**2 / free + twice**2 / cells
    return variance, variance**2 / lack if lack > 0 else float(patients - 1)


def _welch(means: Table, spread: Table, variances: Table, dfs: Table) -> GroupDifference:
    """Welch's F of means with a covariance."""
    number = len(means)
    contrasts = np.eye(number)[1:] - np.eye(number)[0]
    weights = 1 / variances
    share = weights / weights.sum()
    lack = float(((1 - share) ** 2 / dfs).sum())
    far = contrasts @ means
    between = float(far @ np.linalg.solve(contrasts @ spread @ contrasts.T, far)) / (number - 1)
    statistic = between / (1 + 2 * (number - 2) / (number**2 - 1) * lack)
    df_error = (number**2 - 1) / (3 * lack)
    return GroupDifference(statistic, number - 1.0, df_error, float(stats.f.sf(statistic, number - 1, df_error)))


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
