"""Welch's test of groups who share seeds, as its equations read: projections and variances as whole matrices."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


def dense_welch(differences: Matrix, groups: list[int]) -> tuple[float, float]:
    """F and its degrees of freedom of the error.

    Args:
        differences: Shape (J, N), NaN where a patient was not scored; every seed scores patients of two groups.
        groups: Of each patient, from 0 without a gap.
    """
    rows, columns = np.nonzero(np.isfinite(differences))
    y, of = differences[rows, columns], np.array(groups)[columns]
    number, seeds = of.max() + 1, len(differences)
    by_seed, by_patient = np.eye(seeds)[rows], np.eye(differences.shape[1])[columns]
    by_group = np.eye(number)[of]
    by_both = np.einsum("is,ig->isg", by_seed, by_group).reshape(len(y), -1)

    of_patient, of_rest = np.zeros(number), np.zeros(number)
    for g in range(number):
        mine = of == g
        left, df = _left(y[mine], np.hstack([by_seed, by_patient])[mine])
        of_rest[g] = left / df
        left, df = _left(y[mine], by_seed[mine])
        of_patient[g] = left / df - of_rest[g]
    noise = by_patient * of_patient[of][:, None] @ by_patient.T + np.diag(of_rest[of])

    found = expected = 0.0
    for a, b in itertools.combinations(range(number), 2):
        n_a, n_b = by_seed.T @ by_group[:, a], by_seed.T @ by_group[:, b]
        apart = (by_seed * by_group[:, [a]]).T / np.maximum(n_a, 1)[:, None]
        apart -= (by_seed * by_group[:, [b]]).T / np.maximum(n_b, 1)[:, None]
        weights = n_a * n_b / np.maximum(n_a + n_b, 1)
        weights /= weights.sum()
        form = apart.T @ (np.diag(weights) - np.outer(weights, weights)) @ apart
        found += y @ form @ y - np.trace(form @ noise)
        expected += np.trace(form @ by_both @ by_both.T)
    of_group = max(found / expected, 0.0)

    patient = np.maximum(of_patient, 0)
    variance = by_patient * patient[of][:, None] @ by_patient.T + np.diag(of_rest[of]) + of_group * by_both @ by_both.T
    estimator = np.linalg.pinv(np.hstack([by_seed, by_group]))[seeds:]
    means, spread = estimator @ y, estimator @ variance @ estimator.T

    own, dfs = np.zeros(number), np.zeros(number)
    for g in range(number):
        mine = of == g
        mean = mine / mine.sum()
        own[g] = mean @ variance @ mean
        n = by_patient[mine].any(axis=0).sum()
        j = by_seed[mine].any(axis=0).sum()
        of_seed = ((by_seed.T @ mean) ** 2).sum()
        by_seeds = of_group * of_seed + (patient[g] * (1 - mine.sum() / (n * j)) + of_rest[g]) / mine.sum()
        by_patients = own[g] - of_group * (of_seed - 1 / mine.sum())
        lack = by_patients**2 / (n - 1)
        if of_group > 0:
            free = (seeds - 1) * 3 * (number - 1) ** 2 / (number * (number + 1))
            twice = max(by_seeds + by_patients - own[g], 0.0)
            lack += by_seeds**2 / free + twice**2 / max(mine.sum() - n - j + 1, 1)
        dfs[g] = own[g] ** 2 / lack

    contrasts = np.eye(number)[1:] - np.eye(number)[0]
    far, share = contrasts @ means, 1 / own / (1 / own).sum()
    lack = float(((1 - share) ** 2 / dfs).sum())
    between = far @ np.linalg.solve(contrasts @ spread @ contrasts.T, far) / (number - 1)
    return float(between / (1 + 2 * (number - 2) / (number**2 - 1) * lack)), (number**2 - 1) / (3 * lack)


def _left(y: Matrix, design: Matrix) -> tuple[float, int]:
    """What a least-squares fit leaves, and its degrees of freedom."""
    left = y - design @ (np.linalg.pinv(design) @ y)
    return float(left @ left), len(y) - int(np.linalg.matrix_rank(design))
