"""Agreement is what numpy says run by run."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from orchestrator.collect import FUNCTION_COLUMNS
from orchestrator.report.page.function_chart import agreements
from orchestrator.report.page.legend import models


@settings(max_examples=30)
@given(patients=st.integers(1, 8), runs=st.integers(1, 4), seed=st.integers(0, 1000))
@example(patients=1, runs=1, seed=394)  # no patient can be measured
def test_bias_limits_and_correlation(patients: int, runs: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    rows = []
    for run in range(runs):
        true = random.uniform(0.2, 0.8, patients)
        found = np.where(random.random(patients) < 0.1, np.nan, true + random.normal(0, 0.1, patients))
        for patient, (t, p) in enumerate(zip(true, found, strict=True)):
            rows.append((f"run{run}", "unet", 0.5, "none", run, "validation", f"p{patient}", 1, 1, t, 1, 1, p, ""))
    table = pd.DataFrame(rows, columns=list(FUNCTION_COLUMNS)).astype(dict(FUNCTION_COLUMNS))
    expected = []
    for _, of_run in table.dropna().groupby("run_id"):
        true, found = of_run["true_ef"].to_numpy() * 100, of_run["predicted_ef"].to_numpy() * 100
        gap = found - true
        sd = gap.std(ddof=1) if len(gap) > 1 else np.nan
        r = np.corrcoef(true, found)[0, 1] if len(gap) > 2 else np.nan
        expected.append((gap.mean(), gap.mean() - 1.96 * sd, gap.mean() + 1.96 * sd, np.abs(gap).mean(), r))
    (row,) = agreements(table, models(["unet"]))
    if not expected:  # the row is there and says so
        assert (row.bias, row.low, row.high, row.absolute, row.correlation) == (None,) * 5
        assert (row.runs, row.patients, row.missing) == (0, patients, patients * runs)
        return
    means = [np.nanmean(column) if not np.isnan(column).all() else None for column in np.array(expected).T]
    values = (row.bias, row.low, row.high, row.absolute, row.correlation)
    for value, mean in zip(values, means, strict=True):
        assert value == (None if mean is None else pytest.approx(mean, abs=1e-6))
    assert (row.runs, row.patients, row.missing) == (len(expected), patients, int(table["predicted_ef"].isna().sum()))
