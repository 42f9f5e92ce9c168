"""Standardised differences have the right degrees of freedom, and intervals that hold."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from gridctl.analysis.statistics.effect_size import EffectSize, hedges_g_av, hedges_g_z, small_sample_correction

Scores = NDArray[np.float64]


def correlated(n: int, r: float, seed: int, effect: float = 0.0) -> tuple[Scores, Scores]:
    """Two samples with equal sample variances and correlation exactly r."""
    x, y = np.random.default_rng(seed).normal(size=(2, n))
    x = (x - x.mean()) / x.std(ddof=1)
    y = y - y.mean() - (y @ x) / (x @ x) * x
    y /= y.std(ddof=1)
    return x + effect, r * x + math.sqrt(1 - r**2) * y


@pytest.mark.parametrize("r", [-0.5, 0.0, 0.5, 0.95])
def test_paired_scores_have_fewer_degrees_of_freedom(r: float) -> None:
    """2 (n - 1) / (1 + r^2) for equal variances: only unpaired ones have 2 (n - 1)."""
    found = hedges_g_av(*correlated(6, r, 0, effect=1.0))
    assert found is not None
    assert found.g == pytest.approx(small_sample_correction(2 * 5 / (1 + r**2)))


@pytest.mark.parametrize(("t", "n"), [(0.0, 5), (2.5, 5), (-1.2, 12), (6.0, 20)])
def test_the_interval_of_g_z_is_that_of_the_noncentral_t(t: float, n: int) -> None:
    """At each end, the observed t is a quantile of the noncentral distribution."""
    d = np.random.default_rng(n).normal(size=n)
    d = (d - d.mean()) / d.std(ddof=1) + t / math.sqrt(n)
    found = hedges_g_z(d, np.zeros(n))
    assert found is not None
    assert stats.nct.sf(t, n - 1, found.low * math.sqrt(n)) == pytest.approx(0.025, abs=1e-4)
    assert stats.nct.cdf(t, n - 1, found.high * math.sqrt(n)) == pytest.approx(0.025, abs=1e-4)


def test_an_interval_where_scipys_noncentral_t_is_not_a_number() -> None:
    d = 1 + np.random.default_rng(0).normal(0, 1e-3, 5)
    found = hedges_g_z(d, np.zeros(5))
    assert found is not None
    assert 0 < found.low < found.g < found.high < math.inf


@pytest.mark.parametrize("n", [2, 1, 0])
def test_fewer_than_three_pairs_have_neither(n: int) -> None:
    a, b = np.arange(n) / 3, np.zeros(n)
    assert hedges_g_av(a, b) is hedges_g_z(a, b) is None


@pytest.mark.parametrize("n", [3, 5, 10])
@pytest.mark.parametrize(("r", "effect"), [(0.0, 0.0), (0.5, 1.0), (0.9, 2.0)])
def test_intervals_hold_the_true_difference(n: int, r: float, effect: float) -> None:
    generator = np.random.default_rng(round(100 * n + 10 * r))
    held = {"g_av": 0, "g_z": 0}
    studies = 400
    for _ in range(studies):
        x, y = generator.normal(size=(2, n))
        a, b = x + effect, r * x + math.sqrt(1 - r**2) * y
        for name, found, true in (
            ("g_av", hedges_g_av(a, b), effect),
            ("g_z", hedges_g_z(a, b), effect / math.sqrt(2 - 2 * r)),
        ):
            assert isinstance(found, EffectSize)
            held[name] += found.low <= true <= found.high
    for name, times in held.items():
        assert times / studies >= 0.92, name
