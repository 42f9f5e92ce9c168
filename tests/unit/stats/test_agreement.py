"""Limits of agreement with repeated measurements, checked by hand and by scipy's analysis of variance."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from gridctl.analysis.statistics.agreement import limits_of_agreement


def test_one_measurement_each_gives_the_usual_limits() -> None:
    differences = np.array([1.0, -2.0, 4.0, 3.0])
    found = limits_of_agreement(differences, np.arange(4))
    assert found is not None
    reach = 1.96 * differences.std(ddof=1)
    assert (found.bias, found.low, found.high) == pytest.approx((1.5, 1.5 - reach, 1.5 + reach))


def test_two_measurements_each_by_hand() -> None:
    """Means 1, 3, 8; between: 2 x (9 + 1 + 16) / 2 = 26; within: 6 x 1 / 3 = 2; variance (26 - 2) / 2 + 2 = 14."""
    found = limits_of_agreement(np.array([0.0, 2.0, 2.0, 4.0, 7.0, 9.0]), np.array([0, 0, 1, 1, 2, 2]))
    assert found is not None
    assert (found.bias, found.high) == pytest.approx((4, 4 + 1.96 * 14**0.5))
    assert (found.subjects, found.measurements) == (3, 6)


def test_measuring_the_same_subjects_again_and_again_does_not_narrow_the_limits() -> None:
    few = np.array([-6.0, 0.0, 6.0])
    once = limits_of_agreement(few, np.arange(3))
    often = limits_of_agreement(np.tile(few, 50), np.tile(np.arange(3), 50))
    assert once is not None
    assert often is not None
    assert (often.low, often.high) == pytest.approx((once.low, once.high))
    assert np.tile(few, 50).std(ddof=1) < few.std(ddof=1), "as if they were 150 patients"


@settings(max_examples=50)
@given(counts=st.lists(st.integers(1, 5), min_size=3, max_size=8), seed=st.integers(0, 10_000))
def test_unequal_numbers_as_an_analysis_of_variance_has_it(counts: list[int], seed: int) -> None:
    random = np.random.default_rng(seed)
    subjects = np.repeat(np.arange(len(counts)), counts)
    differences = random.normal(0, 3, len(counts))[subjects] + random.normal(0, 1, len(subjects))
    total = len(subjects)
    if total - len(counts) < 1:
        return
    within = sum(float(np.var(differences[subjects == one]) * n) for one, n in enumerate(counts)) / (
        total - len(counts)
    )
    f = stats.f_oneway(*(differences[subjects == one] for one in range(len(counts)))).statistic
    per_subject = (total**2 - sum(n**2 for n in counts)) / ((len(counts) - 1) * total)
    variance = max(0.0, (f * within - within) / per_subject) + within
    found = limits_of_agreement(differences, subjects)
    assert found is not None
    assert found.low == pytest.approx(differences.mean() - 1.96 * variance**0.5)


def test_limits_take_three_subjects() -> None:
    found = limits_of_agreement(np.array([1.0, 2.0, 3.0]), np.array([0, 1, 1]))
    assert found is not None
    assert (found.bias, found.low, found.high) == (2, None, None)
    assert limits_of_agreement(np.array([]), np.array([], dtype=int)) is None
