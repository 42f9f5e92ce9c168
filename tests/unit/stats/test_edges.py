"""Undefined statistics are None or a plain number, never NaN or a traceback."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from gridctl.analysis.statistics.bca import bca_mean
from gridctl.analysis.statistics.effect_size import hedges_g_av, hedges_g_z
from gridctl.analysis.statistics.equivalence import paired_tost
from gridctl.analysis.statistics.improvement import probability_of_improvement
from gridctl.analysis.statistics.paired_t import paired_t
from gridctl.analysis.statistics.sign_flip import sign_flip
from gridctl.analysis.statistics.signed_rank import signed_rank
from gridctl.analysis.statistics.welch import welch

Scores = NDArray[np.float64]
COARSE = st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.5 + 1e-16, 1.0])
FINE = st.floats(0, 1)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_scores_give_finite_numbers_or_none(data: st.DataObject) -> None:
    shape = data.draw(st.integers(0, 7))
    elements = data.draw(st.sampled_from([COARSE, FINE]))
    a, b = (data.draw(arrays(np.float64, shape, elements=elements)) for _ in range(2))
    results: list[object] = [
        paired_t(a, b),
        welch(a, b),
        sign_flip(a - b),
        signed_rank(a - b),
        paired_tost(a, b, 0.01),
        probability_of_improvement(a, b),
        bca_mean(a - b, resamples=99),
        hedges_g_av(a, b),
        hedges_g_z(a, b),
    ]
    for result in results:
        for value in numbers(result):
            assert np.isfinite(value), result


def numbers(result: object) -> list[float]:
    if isinstance(result, tuple):
        return list(result)
    if isinstance(result, float):
        return [result]
    fields = getattr(result, "__slots__", ())
    return [value for name in fields if isinstance(value := getattr(result, name), int | float)]


def test_differences_as_small_as_numbers_get_have_ranks() -> None:
    """Twice the smallest float, whose hundred-billionth part cannot be represented."""
    ranks = signed_rank(np.array([-5e-324, -5e-324]))
    assert ranks is not None
    assert ranks.p == 0.5


def test_one_pair_is_no_test() -> None:
    one = np.array([0.5])
    assert paired_t(one, one).p is None
    assert sign_flip(one) is signed_rank(one) is bca_mean(one) is welch(one, one) is None
    assert paired_tost(one, one, 0.1) is None


def test_equal_scores_have_no_t_and_the_exact_tests_say_one() -> None:
    same = np.array([0.8, 0.7, 0.9])
    assert paired_t(same, same).p is None
    flips, ranks = sign_flip(same - same), signed_rank(same - same)
    assert flips is not None
    assert ranks is not None
    assert flips.p == ranks.p == 1.0
    assert bca_mean(same - same) == (0.0, 0.0)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_scores_that_are_not_finite_are_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="not finite"):
        paired_t([0.1, bad], [0.2, 0.3])
    with pytest.raises(ValueError, match="shapes"):
        paired_t([0.1], [0.2, 0.3])
    with pytest.raises(ValueError, match="margin"):
        paired_tost([0.1, 0.2], [0.2, 0.3], 0)
