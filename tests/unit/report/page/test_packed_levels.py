"""Levels are packed without loss, whatever they are, and noisy curves in less than 12 bits each."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

from gridctl.report.renderers.html.charts.packed_levels import NO_VALUE, pack_levels
from tests.unit.report.page.unpacked import unpacked


@given(
    levels=arrays(
        np.int64, array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=12), elements=st.integers(0, NO_VALUE)
    )
)
def test_any_levels_come_back(levels: NDArray[np.int64]) -> None:
    np.testing.assert_array_equal(unpacked(pack_levels(levels), *levels.shape), levels)


def test_a_noisy_curve_takes_fewer_bits_than_its_levels() -> None:
    random = np.random.default_rng(0)
    rise = 3500 * (1 - np.exp(-np.arange(200) / 15))
    levels = np.rint(rise + random.normal(0, 25, (50, 200))).clip(0, NO_VALUE - 1).astype(np.int64)
    assert len(pack_levels(levels)) * 6 < 8.5 * levels.size
