"""Student's t of single numbers is that of scipy, in the far tails too."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from gridctl.analysis.statistics.student_t import quantile, share_above, share_below, two_sided_p

CLOSE = {"rel": 1e-12, "abs": 1e-300}


@given(t=st.floats(-60, 60), df=st.floats(1, 500))
def test_shares_and_p(t: float, df: float) -> None:
    assert share_below(t, df) == pytest.approx(stats.t.cdf(t, df), **CLOSE)
    assert share_above(t, df) == pytest.approx(stats.t.sf(t, df), **CLOSE)
    assert two_sided_p(t, df) == pytest.approx(2 * stats.t.sf(abs(t), df), **CLOSE)


@given(level=st.floats(1e-6, 1 - 1e-6), df=st.floats(1, 500))
def test_quantiles(level: float, df: float) -> None:
    assert quantile(level, df) == pytest.approx(stats.t.ppf(level, df), **CLOSE)
