"""Numbers are written so that they cannot be misread as another answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridctl.report.numbers import p_value, signed


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
