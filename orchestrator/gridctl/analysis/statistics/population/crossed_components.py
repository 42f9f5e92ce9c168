"""Variance components of seeds x patients, where most cells are missing: a patient trained on has no score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Sums:
    """Weighted sums for the inference over seeds and patients.

    Attributes:
        weights: Shape (J, N), 0 where a score is missing; no row and no column is all 0.
        mean: Weighted mean of the differences.
        residuals: Weight x (difference - mean), shape (J, N).
    """

    weights: NDArray[np.float64]
    mean: float
    residuals: NDArray[np.float64]

    @classmethod
    def of(cls, differences: NDArray[np.float64], weights: NDArray[np.float64]) -> Sums:
        """Compute the sums, without seeds and patients that have no weight.

        Args:
            differences: Shape (J seeds, N patients), NaN where one is missing.
            weights: Shape (J, N), at least 0; those of missing differences do not count.
        """
        used = np.where(np.isfinite(differences), weights, 0.0)
        seeds, patients = used.any(axis=1), used.any(axis=0)
        used = used[np.ix_(seeds, patients)]
        known = np.nan_to_num(differences[np.ix_(seeds, patients)])
        mean = float((used * known).sum() / used.sum()) if used.size else 0.0
        return cls(used, mean, used * (known - mean))

    @property
    def total(self) -> float:
        """Of the weights."""
        return float(self.weights.sum())

    @property
    def shares(self) -> tuple[float, float, float]:
        """Coefficients of the seed, patient and cell variances in the variance of the mean."""
        squares = self.total**2
        return (
            float((self.weights.sum(axis=1) ** 2).sum() / squares),
            float((self.weights.sum(axis=0) ** 2).sum() / squares),
            float((self.weights**2).sum() / squares),
        )

    @property
    def quadratic_forms(self) -> tuple[float, float, float]:
        """Squared sums of the residuals by seed and by patient, and the sum of their squares."""
        r = self.residuals
        return float((r.sum(axis=1) ** 2).sum()), float((r.sum(axis=0) ** 2).sum()), float((r**2).sum())


@dataclass(frozen=True, slots=True)
class Components:
    """Variances of paired differences; an estimate may be below 0.

    Attributes:
        seed: Between seeds: splits and start weights.
        patient: Between patients.
        residual: The remainder.
    """

    seed: float
    patient: float
    residual: float

    def clipped(self) -> Components:
        """The same, at least 0."""
        return Components(max(self.seed, 0.0), max(self.patient, 0.0), max(self.residual, 0.0))

    def of_mean(self, shares: tuple[float, float, float]) -> float:
        """Variance of a mean with these coefficients."""
        return self.seed * shares[0] + self.patient * shares[1] + self.residual * shares[2]


def crossed_components(sums: Sums) -> Components | None:
    """Estimate them by the method of moments: the three quadratic forms equal their expectations.

    Args:
        sums: Of two seeds and two patients or more.

    Returns:
        The estimates; None where the design cannot tell them apart, as when no patient has two seeds.

    Source: Henderson (1953), method 1, for a weighted mean; with balanced data the estimates of the analysis of
    variance. Patients' and seeds' sums of squares are taken about the weighted mean.
    """
    w, total = sums.weights, sums.total
    by_seed, by_patient = w.sum(axis=1), w.sum(axis=0)
    squares_seed, squares_patient = (w**2).sum(axis=1), (w**2).sum(axis=0)
    seed, patient, cell = sums.shares
    squares = squares_seed.sum()
    crossed = squares - 2 * float(by_seed @ w @ by_patient) / total + seed * patient * total**2
    expected = np.array(
        [
            [
                (by_seed**2 * (1 - 2 * by_seed / total + seed)).sum(),
                crossed,
                squares - 2 * (by_seed * squares_seed).sum() / total + seed * total**2 * cell,
            ],
            [
                crossed,
                (by_patient**2 * (1 - 2 * by_patient / total + patient)).sum(),
                squares - 2 * (by_patient * squares_patient).sum() / total + patient * total**2 * cell,
            ],
            [
                (squares_seed * (1 - 2 * by_seed / total + seed)).sum(),
                (squares_patient * (1 - 2 * by_patient / total + patient)).sum(),
                squares - 2 * (w**3).sum() / total + squares * cell,
            ],
        ]
    )
    if np.linalg.cond(expected) > 1e12:
        return None
    found = np.linalg.solve(expected, np.array(sums.quadratic_forms))
    return Components(*(float(value) for value in found))
