"""Welch's test of the means of groups of patients who share seeds, of many studies at once.

Letters of shapes: S studies, G groups, J seeds, N patients of all groups.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Table = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class WelchTests:
    """Tests of whether several means are equal, each of shape (S,), NaN where there is no test.

    Attributes:
        statistic: Welch's F.
        df_error: Its degrees of freedom of the error.
        p: Two-sided.
    """

    statistic: Table
    df_error: Table
    p: Table


@dataclass(frozen=True, slots=True)
class _Design:
    """Who is scored by whom.

    Attributes:
        known: Shape (S, J, N), 1 where a patient is scored.
        member: Shape (N, G), 1 where a patient is of a group.
        by_seed: Scored patients, shape (S, G, J).
        by_patient: Seeds that score a patient, shape (S, N).
        scored: Scores, shape (S, G).
        seeds: Seeds that score any patient, shape (S,).
        group_seeds, group_patients: Seeds and patients with a score, shape (S, G).
    """

    known: Table
    member: Table
    by_seed: Table
    by_patient: Table
    scored: Table
    seeds: Table
    group_seeds: Table
    group_patients: Table

    @classmethod
    def of(cls, known: NDArray[np.bool_], groups: NDArray[np.intp]) -> _Design:
        ones = known.astype(float)
        member = np.eye(int(groups.max(initial=-1)) + 1)[groups]
        by_seed, by_patient = (ones @ member).swapaxes(-1, -2), ones.sum(axis=-2)
        return cls(
            ones,
            member,
            by_seed,
            by_patient,
            scored=by_seed.sum(axis=-1),
            seeds=known.any(axis=-1).sum(axis=-1).astype(float),
            group_seeds=(by_seed > 0).sum(axis=-1).astype(float),
            group_patients=(by_patient > 0) @ member,
        )


def welch_of_groups(differences: Table, groups: NDArray[np.intp]) -> WelchTests:
    """Test whether new patients of several groups have the same mean difference, for new seeds.

    Args:
        differences: Shape (S, J, N), NaN where a patient was not scored.
        groups: Of each patient, shape (N,), from 0 without a gap.

    Returns:
        The tests; none below two groups, two seeds or two patients of a group, where nothing varies, or where no
        seed connects the groups.

    Source: as `groups.between_patients`.
    """
    known = np.isfinite(differences)
    enough, design = _testable(differences, known), _Design.of(known, groups)
    number = design.member.shape[1]
    enough &= (number >= 2) & (design.seeds >= 2) & (design.group_patients >= 2).all(axis=-1)
    result = WelchTests(*(np.full(len(known), np.nan) for _ in range(3)))
    if not enough.any():
        return result
    d = np.where(known, differences, 0.0)[enough]
    design = _Design.of(known[enough], groups)
    components, of_group = _variances(d, design)
    means, spread, connected = _means(d, design, components, of_group)
    variances, dfs = _own(design, components, of_group)
    sound = connected & (variances > 0).all(axis=-1)
    at = np.flatnonzero(enough)[sound]
    tested = _welch(means[sound], spread[sound], variances[sound], dfs[sound])
    result.statistic[at], result.df_error[at], result.p[at] = tested
    return result


def _testable(differences: Table, known: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether scores vary by more than rounding."""
    number = np.maximum(known.sum(axis=(-2, -1)), 1)
    d = np.where(known, differences, 0.0)
    apart = np.where(known, d - (d.sum(axis=(-2, -1)) / number)[:, None, None], 0.0)
    varying: NDArray[np.bool_] = np.sqrt((apart**2).sum(axis=(-2, -1)) / number) > 1e-13 * np.abs(d).max(
        axis=(-2, -1), initial=0.0
    )
    return varying


def _variances(d: Table, design: _Design) -> tuple[Table, Table]:
    """Variances of patients and of the remainder in each group, (S, G, 2), and of seeds by groups, (S,).

    None of them depends on what a seed does to all groups alike.
    """
    groups = [design.member[:, group] > 0 for group in range(design.member.shape[1])]
    within = np.stack([_within(d[:, :, of], design.known[:, :, of]) for of in groups], axis=1)
    means = (d @ design.member).swapaxes(-1, -2) / np.maximum(design.by_seed, 1)
    found = expected = np.zeros(len(d))
    for a, b in itertools.combinations(range(len(groups)), 2):
        weights = design.by_seed[:, a] * design.by_seed[:, b] / np.maximum(design.by_seed[:, [a, b]].sum(axis=1), 1)
        weights /= np.maximum(weights.sum(axis=-1, keepdims=True), 1e-9)
        apart = means[:, a] - means[:, b]
        apart = apart - (weights * apart).sum(axis=-1, keepdims=True)
        found = found + (weights * apart**2).sum(axis=-1)
        for g in (a, b):
            share = weights / np.maximum(design.by_seed[:, g], 1)
            by_patient = (share[:, None] @ design.known[:, :, groups[g]])[:, 0]
            chance = np.stack([share.sum(axis=-1) - (by_patient**2).sum(axis=-1), (share * (1 - weights)).sum(axis=-1)])
            found = found - (chance.T * within[:, g]).sum(axis=-1)
        expected = expected + 2 * (weights.sum(axis=-1) - (weights**2).sum(axis=-1))
    some = expected > 1e-9  # else no two seeds are of two groups
    of_group = np.where(some, np.maximum(found, 0.0) / np.where(some, expected, 1.0), 0.0)
    return np.maximum(within, 0.0), of_group


def _within(d: Table, known: Table) -> Table:
    """Variances of patients and of the remainder in one group, (S, 2); the former may be below 0.

    By Henderson's (1953) method 3: the remainder is what is left by seeds and patients, patients what is left by seeds.
    Where no patient has two seeds, the remainder is both.
    """
    by_seed, by_patient, scored = known.sum(axis=-1), known.sum(axis=-2), known.sum(axis=(-2, -1))
    apart = known * (d - (d.sum(axis=-1) / np.maximum(by_seed, 1))[..., None])
    of_patients = (apart**2).sum(axis=(-2, -1))
    rest = known * (d - (d.sum(axis=-2) / np.maximum(by_patient, 1))[:, None])
    normal = by_seed[..., None] * np.eye(known.shape[1]) - (
        known / np.maximum(by_patient, 1)[:, None]
    ) @ known.swapaxes(-1, -2)
    values, vectors = np.linalg.eigh(normal)
    free = values > 1e-9 * np.maximum(by_seed.max(axis=-1, keepdims=True), 1)
    turned = (vectors.swapaxes(-1, -2) @ rest.sum(axis=-1)[..., None])[..., 0]
    of_rest = (rest**2).sum(axis=(-2, -1)) - (np.where(free, turned**2, 0.0) / np.where(free, values, 1.0)).sum(axis=-1)
    df_patients = scored - (by_seed > 0).sum(axis=-1)
    df_rest = scored - (by_patient > 0).sum(axis=-1) - free.sum(axis=-1)
    both = of_patients / np.maximum(df_patients, 1)
    residual = np.where(df_rest > 0, np.maximum(of_rest, 0.0) / np.maximum(df_rest, 1), both)
    return np.stack([both - residual, residual], axis=-1)


def _means(d: Table, design: _Design, components: Table, of_group: Table) -> tuple[Table, Table, NDArray[np.bool_]]:
    """Means of the groups with seeds taken out, up to a constant; their covariance; and whether seeds connect all.

    By least squares: seeds are swept out, and each score counts with a weight that depends on its seed and group.
    """
    of_seed = design.by_seed.sum(axis=1)
    share = design.by_seed / np.maximum(of_seed, 1)[:, None, :]
    number = design.member.shape[1]
    normal = design.scored[..., None] * np.eye(number) - design.by_seed @ share.swapaxes(-1, -2)
    solved = np.linalg.pinv(normal, rcond=1e-10, hermitian=True)
    connected: NDArray[np.bool_] = np.linalg.matrix_rank(normal, tol=1e-8, hermitian=True) == number - 1
    # Weight of a score by seed j and of group h in the mean of group g: solved[g, h] - sum of solved[g] x share[:, j].
    weights = solved[:, :, None, :] - (solved @ share)[..., None]  # (S, G, J, G)
    by_group = (d @ design.member)[:, None]
    means = (weights * by_group).sum(axis=(-2, -1))
    cells = (weights * np.sqrt(design.by_seed.swapaxes(-1, -2)[:, None] * components[:, None, None, :, 1])).reshape(
        *weights.shape[:2], -1
    )
    seeds = (weights * design.by_seed.swapaxes(-1, -2)[:, None] * np.sqrt(of_group)[:, None, None, None]).reshape(
        cells.shape
    )
    spread = cells @ cells.swapaxes(-1, -2) + seeds @ seeds.swapaxes(-1, -2)
    for group in range(number):
        patients = weights[..., group] @ design.known[:, :, design.member[:, group] > 0]
        spread += components[:, group, 0, None, None] * (patients @ patients.swapaxes(-1, -2))
    return means, spread, connected


def _own(design: _Design, components: Table, of_group: Table) -> tuple[Table, Table]:
    """Variance of each group's mean, and its degrees of freedom, both (S, G)."""
    number = design.member.shape[1]
    squares = design.scored**2
    of_seed, of_cell = (design.by_seed**2).sum(axis=-1) / squares, 1 / design.scored
    of_patient = design.by_patient**2 @ design.member / squares
    scored = design.scored / (design.group_seeds * design.group_patients)
    patient, rest, group = components[..., 0], components[..., 1], of_group[:, None]
    variance = group * of_seed + patient * of_patient + rest * of_cell
    by_seed = group * of_seed + (patient * (1 - scored) + rest) * of_cell
    by_patient = variance - group * (of_seed - of_cell)
    twice = np.maximum(by_seed + by_patient - variance, 0.0)
    cells = np.maximum(design.scored - design.group_seeds - design.group_patients + 1, 1)
    # Degrees of freedom of seeds by groups, as of one group: Welch's F adds them up again.
    free = (design.seeds - 1)[:, None] * (number - 1) * 3 * (number - 1) / (number * (number + 1))
    lack = by_patient**2 / (design.group_patients - 1)
    lack += np.where(group > 0, by_seed**2 / free + twice**2 / cells, 0.0)
    return variance, np.where(lack > 0, variance**2 / np.where(lack > 0, lack, 1.0), design.group_patients - 1)


def _welch(means: Table, spread: Table, variances: Table, dfs: Table) -> tuple[Table, Table, Table]:
    """Welch's F of means (S, G) with a covariance, its degrees of freedom of the error, and p."""
    number = means.shape[1]
    contrasts = np.eye(number)[1:] - np.eye(number)[0]
    weights = 1 / variances
    share = weights / weights.sum(axis=-1, keepdims=True)
    lack = ((1 - share) ** 2 / dfs).sum(axis=-1)
    far = means @ contrasts.T
    between = (far * np.linalg.solve(contrasts @ spread @ contrasts.T, far[..., None])[..., 0]).sum(axis=-1)
    statistic = between / (number - 1) / (1 + 2 * (number - 2) / (number**2 - 1) * lack)
    df_error = (number**2 - 1) / (3 * lack)
    return statistic, df_error, stats.f.sf(statistic, number - 1, df_error)
