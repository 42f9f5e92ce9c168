"""A mean difference over seeds and patients, both random: inference about patients like these."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from gridctl.analysis.statistics.paired_scores import rounding
from gridctl.analysis.statistics.population.crossed_components import Components, Sums, crossed_components
from gridctl.analysis.statistics.student_t import quantile, two_sided_p

Method = Literal["satterthwaite", "conservative"]


@dataclass(frozen=True, slots=True)
class TwoWay:
    """A t test of the mean, with its interval.

    Attributes:
        mean: Weighted mean of the differences; None without any.
        n_seeds, n_patients: How many have a difference.
        v_seed, v_patient, v_cell: Variances of the mean, clustered by seed, by patient and by cell.
        se: Standard error; None where there is none: below two seeds or two patients, or no spread.
        t: Statistic.
        df: Degrees of freedom.
        p: Two-sided; None where `se` is.
        low, high: Confidence interval; None where `se` is.
        parts: Variances of a single difference between seeds, between patients and of what is left, at least 0; None
            where the design cannot tell them apart, and where they are not what the test uses.
    """

    mean: float | None
    n_seeds: int
    n_patients: int
    v_seed: float = 0.0
    v_patient: float = 0.0
    v_cell: float = 0.0
    se: float | None = None
    t: float | None = None
    df: float = 0.0
    p: float | None = None
    low: float | None = None
    high: float | None = None
    parts: Components | None = None


def two_way(
    differences: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    confidence: float = 0.95,
    method: Method = "satterthwaite",
) -> TwoWay:
    """Test whether the mean of paired differences is 0, for new seeds and new patients.

    Args:
        differences: Shape (J seeds, N patients), NaN where a patient was not scored.
        weights: Shape (N,) or (J, N), at least 0; 1 each by default.
        confidence: Level of the interval, in (0, 1).
        method: `satterthwaite`: variance from crossed components, and their degrees of freedom, never below
            `conservative`: V_seed + V_patient - V_cell with min(J, N) - 1.

    Returns:
        The test; where every difference is equal up to rounding it has no t and no p.

    Raises:
        ValueError: The shapes do not fit, a difference is infinite, or a weight is negative or not finite.

    Source: Cameron, Gelbach and Miller (2011), equation 2.13, and Owen (2007) for the clustered variances; for the
    other method Satterthwaite (1946), and Hillis (2007) in taking the mean squares as they are. Neither variance is
    taken below that of one factor alone. docs/statistics.md has the error rates of both in simulated studies.
    """
    d, w = _checked(differences, weights)
    sums = Sums.of(d, w)
    seeds, patients = sums.weights.shape
    if not sums.weights.size:
        return TwoWay(None, 0, 0)
    if seeds < 2 or patients < 2:
        return TwoWay(sums.mean, seeds, patients)
    by_seed, by_patient, by_cell = (form / sums.total**2 for form in sums.quadratic_forms)
    v_seed, v_patient = seeds / (seeds - 1) * by_seed, patients / (patients - 1) * by_patient
    variances = (v_seed, v_patient, by_cell)
    spread = float(np.nanstd(np.where(w > 0, d, np.nan)))
    if spread <= 10 * rounding(np.nan_to_num(d)):
        return TwoWay(sums.mean, seeds, patients, *variances, low=sums.mean, high=sums.mean)
    parts = crossed_components(sums) if method == "satterthwaite" else None
    variance, df = _conservative(sums, *variances) if parts is None else _satterthwaite(sums, parts, *variances)
    se = math.sqrt(variance)
    t = sums.mean / se
    reach = quantile((1 + confidence) / 2, df) * se
    ends = sums.mean - reach, sums.mean + reach
    known = None if parts is None else parts.clipped()
    return TwoWay(sums.mean, seeds, patients, *variances, se, t, df, two_sided_p(t, df), *ends, known)


def _conservative(sums: Sums, v_seed: float, v_patient: float, v_cell: float) -> tuple[float, float]:
    return max(v_seed + v_patient - v_cell, v_seed, v_patient), float(min(sums.weights.shape) - 1)


def _satterthwaite(
    sums: Sums, found: Components, v_seed: float, v_patient: float, v_cell: float
) -> tuple[float, float]:
    """Variance of the mean and its degrees of freedom, from crossed components."""
    seeds, patients = sums.weights.shape
    variance, least = found.of_mean(sums.shares), float(min(seeds, patients) - 1)
    of_patients = _effective_patients(sums, found) * (patients - 1) / patients
    if variance <= max(v_seed, v_patient):
        larger = (v_seed, seeds - 1.0) if v_seed >= v_patient else (v_patient, of_patients)
        return larger[0], max(larger[1], least)
    twice = max(v_seed + v_patient - variance, 0.0)  # counted with the seeds and again with the patients
    cells = max(np.count_nonzero(sums.weights) - seeds - patients + 1, 1)
    df = variance**2 / (v_seed**2 / (seeds - 1) + v_patient**2 / of_patients + twice**2 / cells)
    return variance, max(df, least)


def _effective_patients(sums: Sums, found: Components) -> float:
    """Effective number of equally weighted patients: one who validated often weighs more."""
    parts = found.clipped()
    by_patient, squares = sums.weights.sum(axis=0), (sums.weights**2).sum(axis=0)
    expected = parts.patient * by_patient**2 + (parts.seed + parts.residual) * squares
    return float(expected.sum() ** 2 / (expected**2).sum()) if expected.any() else float(len(expected))


def _checked(
    differences: ArrayLike, weights: ArrayLike | None
) -> tuple[np.ndarray[tuple[int, int], np.dtype[np.float64]], np.ndarray[tuple[int, int], np.dtype[np.float64]]]:
    d = np.asarray(differences, dtype=float)
    if d.ndim != 2:
        raise ValueError(f"differences of shape {d.shape}, not seeds x patients")
    if np.isinf(d).any():
        raise ValueError("a difference is not finite")
    w = np.ones(d.shape) if weights is None else np.asarray(weights, dtype=float)
    if w.shape not in (d.shape, d.shape[1:]):
        raise ValueError(f"weights of shape {w.shape} for differences of shape {d.shape}")
    w = np.broadcast_to(w, d.shape)
    if not np.isfinite(w).all() or (w < 0).any():
        raise ValueError("a weight is negative or not finite")
    return d, w
