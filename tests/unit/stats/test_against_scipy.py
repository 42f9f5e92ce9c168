"""Compares every statistic with scipy, statsmodels, full enumeration, or a printed worked example."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW, ttost_paired

from gridctl.analysis.statistics.bca import bca_mean
from gridctl.analysis.statistics.effect_size import hedges_g_av, hedges_g_z, small_sample_correction
from gridctl.analysis.statistics.equivalence import paired_tost
from gridctl.analysis.statistics.improvement import probability_of_improvement
from gridctl.analysis.statistics.multiplicity import benjamini_hochberg, holm
from gridctl.analysis.statistics.over_grid import interquartile_mean
from gridctl.analysis.statistics.paired_t import paired_t
from gridctl.analysis.statistics.power import paired_t_power, pairs_needed
from gridctl.analysis.statistics.sign_flip import EXACT_PAIRS, sign_flip
from gridctl.analysis.statistics.signed_rank import EXACT_RANKS, signed_rank
from gridctl.analysis.statistics.smallest_p import pairs_for_exact, smallest_exact_p
from gridctl.analysis.statistics.welch import welch

CLOSE = {"rel": 1e-10, "abs": 1e-10}
SIZES = [2, 3, 5, 10, 20, 50]

Scores = NDArray[np.float64]

# Lakens (2013), table 1: ten raters of two films.
FILM_1 = [9, 7, 8, 9, 8, 9, 9, 10, 9, 9]
FILM_2 = [9, 6, 7, 8, 7, 9, 8, 8, 8, 7]

# Student (1908), "Cushny and Peebles": hours of sleep gained by ten patients with each of two drugs.
SLEEP_1 = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
SLEEP_2 = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]

# Fisher (1935), section 17, after Darwin: heights of 15 pairs of maize, crossed less self-fertilised, in 1/8 inch.
MAIZE = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]


def scores(n: int, seed: int = 0) -> tuple[Scores, Scores]:
    generator = np.random.default_rng(1000 * n + seed)
    common = generator.normal(0.8, 0.05, n)
    return common + generator.normal(0.01, 0.02, n), common + generator.gamma(1, 0.02, n)


@pytest.mark.parametrize("n", SIZES)
def test_paired_t(n: int) -> None:
    a, b = scores(n)
    ours, theirs = paired_t(a, b), DescrStatsW(a - b)
    assert (ours.t, ours.p, ours.degrees_of_freedom) == pytest.approx(theirs.ttest_mean(0), **CLOSE)
    assert (ours.ci_low, ours.ci_high) == pytest.approx(theirs.tconfint_mean(0.05), **CLOSE)


def test_paired_t_of_student_himself() -> None:
    test = paired_t(SLEEP_2, SLEEP_1)
    assert test.difference == pytest.approx(1.58)
    assert test.t == pytest.approx(4.0621, abs=5e-5)
    assert test.p == pytest.approx(0.00283, abs=5e-6)


@pytest.mark.parametrize(("n", "m"), [(2, 2), (2, 5), (5, 3), (10, 50)])
def test_welch(n: int, m: int) -> None:
    a, b = scores(n)[0], scores(m)[1]
    ours, theirs = welch(a, b), CompareMeans(DescrStatsW(a), DescrStatsW(b))
    assert ours is not None
    assert (ours.t, ours.p, ours.degrees_of_freedom) == pytest.approx(theirs.ttest_ind(usevar="unequal"), **CLOSE)
    assert (ours.ci_low, ours.ci_high) == pytest.approx(theirs.tconfint_diff(0.05, usevar="unequal"), **CLOSE)


@pytest.mark.parametrize("scale", [1e-200, 1e-100, 1e100])
def test_welch_of_scores_of_any_size(scale: float) -> None:
    a, b = scores(8)
    plain, scaled = welch(a, b[:5]), welch(a * scale, b[:5] * scale)
    assert plain is not None
    assert scaled is not None
    assert (scaled.t, scaled.p, scaled.degrees_of_freedom) == pytest.approx(
        (plain.t, plain.p, plain.degrees_of_freedom), **CLOSE
    )
    assert scaled.ci_low == pytest.approx(plain.ci_low * scale, rel=1e-10)


def test_welch_of_a_model_that_always_scores_alike_warns_of_nothing() -> None:
    test = welch([0.7, 0.7, 0.7], [0.1, 0.2, 0.35])  # any warning is an error in these tests
    assert test is not None
    assert test.degrees_of_freedom == pytest.approx(2)


def enumerated(d: Scores) -> float:
    """p over all sign patterns, enumerated one by one."""
    observed = abs(d.sum())
    sums = [abs(float(np.dot(signs, d))) for signs in itertools.product((1, -1), repeat=len(d))]
    return sum(total >= observed - 1e-12 * np.abs(d).sum() for total in sums) / len(sums)


@pytest.mark.parametrize("n", [2, 3, 5, 8, 11, 14])
def test_sign_flips_are_those_of_full_enumeration(n: int) -> None:
    a, b = scores(n)
    test = sign_flip(a - b)
    assert test is not None
    assert test.p == pytest.approx(enumerated(a - b), abs=1e-15)
    assert (test.patterns, test.exact) == (2**n, True)


@settings(max_examples=60, deadline=None)
@given(arrays(np.float64, st.integers(2, 10), elements=st.integers(-4, 4).map(float)))
def test_sign_flips_with_ties_and_zeros(d: Scores) -> None:
    test = sign_flip(d)
    assert test is not None
    assert test.p == pytest.approx(enumerated(d), abs=1e-15)


def test_sign_flips_of_fishers_maize() -> None:
    """Fisher counted 863 patterns of 32,768 in one tail: 5.267% in two."""
    test = sign_flip(MAIZE)
    assert test is not None
    assert round(test.p * 2**15) == 2 * 863
    assert test.p == pytest.approx(0.05267, abs=5e-6)


def test_sign_flips_as_scipy_counts_them() -> None:
    a, b = scores(10)
    theirs = stats.permutation_test((a - b,), np.mean, permutation_type="samples", n_resamples=np.inf)
    assert sign_flip(a - b).p == pytest.approx(theirs.pvalue, **CLOSE)  # type: ignore[union-attr]


def test_many_pairs_are_sampled_and_say_so() -> None:
    d = np.random.default_rng(0).normal(0.3, 1, EXACT_PAIRS + 8)
    test = sign_flip(d)
    assert test is not None
    assert (test.exact, test.patterns) == (False, 9999)
    assert sign_flip(d) == test, "the same seed gives the same p"
    assert sign_flip(d, seed=1) != test
    assert test.p == pytest.approx(stats.ttest_1samp(d, 0).pvalue, abs=0.02)
    far = sign_flip(d + 10)
    assert far is not None
    assert far.p == pytest.approx(1 / 10_000), "never 0"


@pytest.mark.parametrize("n", [3, 5, 10, 20, 50])
def test_signed_rank(n: int) -> None:
    a, b = scores(n)
    ours, theirs = signed_rank(a - b), stats.wilcoxon(a - b, method="exact")
    assert ours is not None
    assert ours.exact
    assert (ours.w, ours.p) == pytest.approx((theirs.statistic, theirs.pvalue), **CLOSE)


@settings(max_examples=60, deadline=None)
@given(arrays(np.float64, st.integers(2, 9), elements=st.integers(-3, 3).map(float)))
def test_signed_rank_with_ties_is_a_sign_flip_of_ranks(d: Scores) -> None:
    ours = signed_rank(d)
    assert ours is not None
    kept = d[d != 0]
    ranks = np.sign(kept) * stats.rankdata(np.abs(kept))
    assert ours.p == pytest.approx(enumerated(ranks) if len(kept) else 1.0, abs=1e-12)


def test_differences_equal_up_to_rounding_share_a_rank() -> None:
    tied = signed_rank(np.array([0.82 - 0.81, 0.81 - 0.80, -(0.83 - 0.82), 0.05]))
    assert tied is not None
    assert tied.w == 2.0, "the mean of ranks 1, 2 and 3"


def test_signed_rank_of_very_many_is_close_to_the_exact_test() -> None:
    d = np.round(np.random.default_rng(1).normal(0.1, 1, EXACT_RANKS), 2)
    d[d == 0] = 0.01
    exact, more = signed_rank(d), signed_rank(np.append(d, [0.1, -0.1]))
    assert exact is not None
    assert more is not None
    assert (exact.exact, more.exact) == (True, False)
    assert more.p == pytest.approx(exact.p, abs=0.02)


@pytest.mark.parametrize("n", [2, 3, 5, 10, 20, 50])
@pytest.mark.parametrize("seed", [0, 7])
def test_bca_is_scipys(n: int, seed: int) -> None:
    """Multiples of 1/64, whose sums are exact, so that both implementations see the same ties."""
    d = np.round(np.random.default_rng(n).gamma(1, 1, n) * 64) / 64
    theirs = stats.bootstrap((d,), np.mean, n_resamples=9999, method="BCa", rng=np.random.default_rng(seed))
    assert bca_mean(d, seed=seed) == pytest.approx(tuple(theirs.confidence_interval), **CLOSE)


def test_bca_of_any_numbers_is_close_to_scipys() -> None:
    a, b = scores(20)
    theirs = stats.bootstrap((a - b,), np.mean, n_resamples=9999, method="BCa", rng=np.random.default_rng(0))
    assert bca_mean(a - b) == pytest.approx(tuple(theirs.confidence_interval), abs=1e-4)


@pytest.mark.parametrize("n", SIZES)
def test_equivalence(n: int) -> None:
    a, b = scores(n)
    ours = paired_tost(a, b, 0.015)
    p, (_, p_low, _), (_, p_high, _) = ttost_paired(a, b, -0.015, 0.015)
    assert ours is not None
    assert (ours.p, ours.p_low, ours.p_high) == pytest.approx((p, p_low, p_high), **CLOSE)
    low, high = DescrStatsW(a - b).tconfint_mean(0.10)
    assert (ours.ci_low, ours.ci_high) == pytest.approx((low, high), **CLOSE)
    assert (ours.p <= 0.05) == (low > -0.015 and high < 0.015)


def test_effect_sizes_of_lakens_worked_example() -> None:
    """Printed: d_z 1.50, d_av 1.13; Hedges' g_s of the same as independent groups 1.08."""
    g_av, g_z = hedges_g_av(FILM_1, FILM_2), hedges_g_z(FILM_1, FILM_2)
    assert g_av is not None
    assert g_z is not None
    d_av = 1 / math.sqrt((np.var(FILM_1, ddof=1) + np.var(FILM_2, ddof=1)) / 2)
    assert d_av == pytest.approx(1.13, abs=0.005)
    r = np.corrcoef(FILM_1, FILM_2)[0, 1]
    df = 2 * 9 / (1 + r**2)  # because the films' variances are almost equal
    assert g_av.g == pytest.approx(small_sample_correction(df) * d_av, abs=0.001)
    exact = math.gamma(4.5) / (math.sqrt(4.5) * math.gamma(4))
    assert g_z.g / exact == pytest.approx(1.50, abs=0.005)


@settings(max_examples=10, deadline=None)  # each call of multipletests collects all garbage
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_corrections(p: list[float]) -> None:
    with_gap = [*p, None]
    declared = [*p, 1.0]  # a test that cannot be made yet counts, as the family has its declared size
    assert holm(with_gap)[:-1] == pytest.approx(multipletests(declared, method="holm")[1][:-1], **CLOSE)
    assert benjamini_hochberg(with_gap)[:-1] == pytest.approx(multipletests(declared, method="fdr_bh")[1][:-1], **CLOSE)
    assert holm(with_gap)[-1] is None


@pytest.mark.parametrize(("won", "n"), [(0, 5), (3, 5), (5, 5), (17, 20)])
def test_probability_of_improvement(won: int, n: int) -> None:
    a = np.array([1.0] * won + [0.0] * (n - won))
    ours = probability_of_improvement(a, np.full(n, 0.5))
    low, high = proportion_confint(won, n, method="wilson")
    assert ours is not None
    assert (ours.share, ours.ci_low, ours.ci_high) == pytest.approx((won / n, low, high), **CLOSE)
    lower = probability_of_improvement(a, np.full(n, 0.5), higher_is_better=False)
    assert lower is not None
    assert lower.share == pytest.approx(1 - won / n)


def test_a_tie_is_half_an_improvement() -> None:
    ours = probability_of_improvement([0.5, 0.9, 0.1 + 0.2], [0.5, 0.1, 0.3])
    assert ours is not None
    assert ours.share == pytest.approx(2 / 3)


@pytest.mark.parametrize("n", [1, 3, 4, 7, 8, 41])
def test_interquartile_mean(n: int) -> None:
    x = np.random.default_rng(n).normal(size=(3, n))
    assert interquartile_mean(x) == pytest.approx(stats.trim_mean(x, 0.25, axis=1), **CLOSE)


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("effect", [0.1, 0.5, 1.0])
def test_power(n: int, effect: float) -> None:
    theirs = TTestPower().power(effect / 0.7, n, 0.05)
    assert paired_t_power(effect, 0.7, n) == pytest.approx(float(theirs), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(("d_z", "power", "pairs"), [(0.5, 0.8, 34), (0.5, 0.95, 54), (0.2, 0.8, 199), (0.8, 0.8, 15)])
def test_pairs_needed_as_g_power_prints_them(d_z: float, power: float, pairs: int) -> None:
    assert pairs_needed(d_z, 1.0, power) == pairs
    assert pairs_needed(-d_z, 1.0, power) == pairs


def test_a_large_effect_needs_few_pairs_and_a_tiny_one_too_many() -> None:
    assert pairs_needed(100, 1) == 2
    assert pairs_needed(1e-6, 1) is None


def test_the_floor() -> None:
    assert [smallest_exact_p(n) for n in (1, 3, 5, 6)] == [1.0, 0.25, 0.0625, 0.03125]
    assert pairs_for_exact(0.05) == 6
    assert pairs_for_exact(0.05, tests=8) == 9
    d = np.arange(1.0, 6.0)
    flips, ranks = sign_flip(d), signed_rank(d)
    assert flips is not None
    assert ranks is not None
    assert flips.p == ranks.p == smallest_exact_p(5)
