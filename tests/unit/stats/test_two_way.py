"""Inference over seeds and patients gives worked values with both methods, and refuses unsuitable designs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from statsmodels.regression.linear_model import OLS

from gridctl.analysis.statistics.population.crossed_components import Sums, crossed_components
from gridctl.analysis.statistics.population.two_way import two_way

Table = NDArray[np.float64]
O = float("nan")  # noqa: E741 - where the patient trained

WORKED = np.array(
    [
        [0.02, 0.01, O, 0.03, O, -0.01],
        [0.01, O, 0.04, 0.05, 0.00, O],
        [O, 0.02, 0.03, O, 0.01, 0.00],
        [0.03, 0.00, O, 0.04, 0.02, O],
    ]
)
IMAGES = [18, 20, 16, 22, 20, 14]


def test_worked_values() -> None:
    found = two_way(WORKED, method="conservative")
    assert (found.n_seeds, found.n_patients, found.df) == (4, 6, 3)
    assert found.mean == pytest.approx(0.01875)
    assert (found.v_seed, found.v_patient, found.v_cell) == pytest.approx(
        (8.854167e-6, 4.110352e-5, 1.708984e-5), rel=1e-6
    )
    assert found.se == pytest.approx(0.00641120, rel=1e-6)
    assert found.t == pytest.approx(2.924568, rel=1e-6)
    assert found.p == pytest.approx(0.0612691, rel=1e-5)
    assert (found.low, found.high) == pytest.approx((-0.001653, 0.039153), abs=1e-6)


def test_worked_values_weighted_by_images() -> None:
    found = two_way(WORKED, IMAGES, method="conservative")
    assert found.mean == pytest.approx(0.0196667, rel=1e-5)
    assert found.se == pytest.approx(0.00652366, rel=1e-5)
    assert found.p == pytest.approx(0.0569999, rel=1e-5)


def test_clustered_variances_are_those_of_statsmodels() -> None:
    """The sandwich estimator is the same without the small-sample factors, which differ."""
    from statsmodels.stats.sandwich_covariance import cov_cluster

    seeds, patients = np.nonzero(np.isfinite(WORKED))
    fit = OLS(WORKED[seeds, patients], np.ones(len(seeds))).fit()
    found = two_way(WORKED)
    for groups, ours, n in ((seeds, found.v_seed, 4), (patients, found.v_patient, 6)):
        assert ours * (n - 1) / n == pytest.approx(float(cov_cluster(fit, groups, use_correction=False)[0, 0]))


def test_balanced_variances_are_the_mean_squares() -> None:
    d = np.random.default_rng(1).normal(0, 1, (5, 12))
    ms_seed = 12 * d.mean(axis=1).var(ddof=1)
    ms_patient = 5 * d.mean(axis=0).var(ddof=1)
    rest = d - d.mean(axis=1, keepdims=True) - d.mean(axis=0) + d.mean()
    ms_rest = float((rest**2).sum()) / (4 * 11)
    found = two_way(d)
    assert (found.v_seed, found.v_patient) == pytest.approx((ms_seed / 60, ms_patient / 60))
    parts = crossed_components(Sums.of(d, np.ones(d.shape)))
    assert parts is not None
    expected = ((ms_seed - ms_rest) / 12, (ms_patient - ms_rest) / 5, ms_rest)
    assert (parts.seed, parts.patient, parts.residual) == pytest.approx(expected)
    assert found.parts == parts.clipped()
    assert two_way(d, method="conservative").parts is None


def test_balanced_degrees_of_freedom_are_satterthwaites() -> None:
    generator = np.random.default_rng(2)
    d = generator.normal(0, 1, (6, 1)) + generator.normal(0, 2, (1, 40)) + generator.normal(0, 1, (6, 40))
    found = two_way(d)
    rest = d - d.mean(axis=1, keepdims=True) - d.mean(axis=0) + d.mean()
    a, b, c = found.v_seed, found.v_patient, float((rest**2).sum()) / (5 * 39) / 240
    assert found.se is not None
    assert found.se**2 == pytest.approx(a + b - c)
    assert found.df == pytest.approx((a + b - c) ** 2 / (a**2 / 5 + b**2 / 39 + c**2 / (5 * 39)))


def test_components_of_an_unbalanced_design_are_unbiased() -> None:
    generator = np.random.default_rng(3)
    total = np.zeros(3)
    for _ in range(2000):
        d = generator.normal(0, 2, (6, 1)) + generator.normal(0, 1, (1, 15)) + generator.normal(0, 1, (6, 15))
        parts = crossed_components(
            Sums.of(np.where(generator.random(d.shape) < 0.4, np.nan, d), np.arange(1.0, 16) * np.ones(d.shape))
        )
        assert parts is not None
        total += (parts.seed, parts.patient, parts.residual)
    assert total / 2000 == pytest.approx([4, 1, 1], rel=0.08)


@pytest.mark.parametrize(
    ("table", "n", "mean"),
    [
        ([[O, O], [O, O]], (0, 0), None),
        ([[0.1, 0.3]], (1, 2), 0.2),
        ([[0.1], [0.3]], (2, 1), 0.2),
        ([[0.1, O], [0.3, O]], (2, 1), 0.2),
    ],
)
def test_what_it_cannot_carry_has_no_p(table: list[list[float]], n: tuple[int, int], mean: float | None) -> None:
    found = two_way(table)
    assert (found.n_seeds, found.n_patients) == n
    assert found.mean == (mean if mean is None else pytest.approx(mean))
    assert found.p is found.se is found.low is None


def test_no_spread_has_no_p() -> None:
    found = two_way([[0.81 - 0.80, 0.82 - 0.81], [0.5 - 0.49, O]])
    assert found.p is found.t is None


def test_no_patient_validated_twice() -> None:
    """If seeds are a function of patients, only the conservative variance can be computed."""
    found = two_way([[0.1, 0.2, O, O], [O, O, 0.3, 0.5]])
    assert found.p is not None
    assert found.df >= 1


def test_bad_input_is_refused() -> None:
    for table, weights, said in (
        ([0.1, 0.2], None, "seeds x patients"),
        ([[0.1, float("inf")], [0, 1]], None, "not finite"),
        (WORKED, [1, 2], "weights of shape"),
        (WORKED, [-1, 1, 1, 1, 1, 1], "negative"),
    ):
        with pytest.raises(ValueError, match=said):
            two_way(table, weights)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 6), st.integers(2, 12), st.floats(0, 0.9))
def test_any_design_is_finite_and_no_more_certain_than_either_factor(
    seed: int, seeds: int, patients: int, missing: float
) -> None:
    generator = np.random.default_rng(seed)
    d = generator.normal(0, 1, (seeds, patients))
    d[generator.random(d.shape) < missing] = np.nan
    for method in ("satterthwaite", "conservative"):
        found = two_way(d, method=method)  # type: ignore[arg-type]
        if found.se is not None:
            assert found.se**2 >= max(found.v_seed, found.v_patient) * (1 - 1e-9)
            assert found.df >= min(found.n_seeds, found.n_patients) - 1
            assert found.p is not None
            assert 0 <= found.p <= 1
