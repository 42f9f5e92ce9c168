"""Numbers are written so that they cannot be misread as another answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridctl.report.numbers import confidence, p_equals, p_value, share, signed


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0004, "<.001"), (0.0123, ".012"), (0.05, ".050"), (0.0502, ".0502"), (0.04999, ".050"), (1.0, "1.000")],
)
def test_p_values(value: float, text: str) -> None:
    assert p_value(value) == text


@given(st.floats(0.001, 1))
def test_a_written_p_is_on_its_own_side_of_the_level(value: float) -> None:
    if abs(value - 0.05) > 1e-7:
        assert (float(p_value(value)) <= 0.05) == (value <= 0.05)


def test_no_negative_zero() -> None:
    assert signed(-0.0001) == "0.000"
    assert signed(-0.25) == "−0.250"


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (-0.00042, 0.003, "95% CI [−0.0004, 0.003]"),
        (0.00001, 0.051, "95% CI [0.00001, 0.051]"),
        (0.0, 1e-9, "95% CI [0.000, 0.000]"),
        (None, None, "95% CI –"),
    ],
)
def test_an_interval_with_its_level_shows_the_side_of_zero(low: float | None, high: float | None, text: str) -> None:
    assert confidence(low, high) == text


@pytest.mark.parametrize(
    ("value", "text"), [(1.0, "100%"), (0.9997, ">99%"), (0.994, "99%"), (0.002, "<1%"), (0.0, "0%"), (None, "–")]
)
def test_a_share_that_is_not_all_is_not_rounded_to_all(value: float | None, text: str) -> None:
    assert share(value) == text


def test_p_in_a_sentence() -> None:
    assert (p_equals(0.0001), p_equals(0.0123)) == ("p < .001", "p = .012")
