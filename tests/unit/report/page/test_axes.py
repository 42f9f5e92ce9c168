"""Axes cover what is drawn, and are labelled with round numbers."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridctl.report.renderers.html.charts.axes import Scale, span, tick_text

finite = st.floats(-1e6, 1e6)


@given(values=st.lists(finite, max_size=20))
def test_a_span_holds_all_values(values: list[float]) -> None:
    low, high = span(values)
    assert low < high
    assert all(low <= value <= high for value in values)


@given(low=st.floats(-1e3, 1e3), width=st.floats(1e-3, 1e3), about=st.integers(1, 10))
def test_ticks_are_within_the_axis_evenly_and_not_too_many(low: float, width: float, about: int) -> None:
    scale = Scale(low, low + width, 0, 100)
    ticks = scale.ticks(about)
    assert all(-1e-6 <= scale(tick) <= 100 + 1e-6 for tick in ticks)
    assert len(ticks) <= about + 1
    steps = [b - a for a, b in pairwise(ticks)]
    assert steps == pytest.approx([steps[0]] * len(steps)) if steps else True


@pytest.mark.parametrize(
    ("value", "step", "text"), [(0.30000000000000004, 0.1, "0.3"), (-0.05, 0.01, "−0.05"), (200.0, 50.0, "200")]
)
def test_a_ticks_text(value: float, step: float, text: str) -> None:
    assert tick_text(value, step) == text
