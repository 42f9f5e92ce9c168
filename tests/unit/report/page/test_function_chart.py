"""Agreement is what numpy says run by run."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gridctl.collection.columns import FUNCTION_COLUMNS
from gridctl.collection.implausible_ejection_fraction import remark
from gridctl.report.renderers.html.charts.ejection_fraction_chart import agreements, function_cells
from gridctl.report.renderers.html.charts.legend import models
from gridctl.report.renderers.html.representatives import Example, Shown
from gridctl_trainer.contract.records.run_result import PatientFunction

UNKNOWN_SAID = "not measurable: no cavity predicted at end-diastole"


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
            rows.append(
                (f"run{run}", "unet", 0.5, "none", run, None, "validation", f"p{patient}", 1, 1, t, 1, 1, p, "")
            )
    table = pd.DataFrame(rows, columns=list(FUNCTION_COLUMNS)).astype(dict(FUNCTION_COLUMNS))
    expected = []
    for _, of_run in table.dropna(subset=["predicted_ef"]).groupby("run_id"):
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
    if any(not np.isnan(of_run[1]) for of_run in expected):  # bias and limits are those of the same runs
        expected = [of_run for of_run in expected if not np.isnan(of_run[1])]
        assert (row.bias or 0) == pytest.approx(((row.low or 0) + (row.high or 0)) / 2)
    means = [np.nanmean(column) if not np.isnan(column).all() else None for column in np.array(expected).T]
    values = (row.bias, row.low, row.high, row.absolute, row.correlation)
    for value, mean in zip(values, means, strict=True):
        assert value == (None if mean is None else pytest.approx(mean, abs=1e-6))
    assert (row.runs, row.runs_done) == (len(expected), runs)
    assert (row.patients, row.missing) == (patients, int(table["predicted_ef"].isna().sum()))


def test_a_run_without_limits_does_not_move_the_bias_out_of_those_of_the_others() -> None:
    gaps = {"run1": [0.40, np.nan, np.nan], "run2": [-0.10, -0.12, -0.14], "run3": [np.nan] * 3}
    rows = [
        (run, "unet", 0.5, "none", 1, None, "sunnybrook", f"p{number}", 1, 1, true, 1, 1, true + gap, "")
        for run, of_run in gaps.items()
        for number, (true, gap) in enumerate(zip((0.5, 0.6, 0.55), of_run, strict=True))
    ]
    table = pd.DataFrame(rows, columns=list(FUNCTION_COLUMNS)).astype(dict(FUNCTION_COLUMNS))
    (row,) = agreements(table, models(["unet"]))
    values = (row.bias, row.low, row.high, row.absolute)
    assert values == pytest.approx((-12, -12 - 1.96 * 2, -12 + 1.96 * 2, 12))
    assert (row.runs, row.runs_done, row.missing) == (1, 3, 5), "patients that were not measurable count in every run"
    (row,) = agreements(table[table["run_id"] != "run2"], models(["unet"]))
    assert (row.bias, row.low, row.high, row.runs, row.runs_done) == (pytest.approx(40), None, None, 1, 2)


@pytest.mark.parametrize(
    ("edv_ml", "esv_ml", "said"),
    [
        (100, 142, "impossible: predicted volume larger at end-systole than at end-diastole"),
        (100, 0, "impossible: no cavity predicted at end-systole"),
        (100, 99, "implausible: predicted fraction below 5%"),
        (100, 5, "implausible: predicted fraction above 90%"),
        (0, 10, "not measurable: no cavity predicted at end-diastole"),
        (100, 50, ""),
    ],
)
def test_what_no_heart_can_be_is_remarked(edv_ml: float, esv_ml: float, said: str) -> None:
    ef = (edv_ml - esv_ml) / edv_ml if edv_ml else None
    patient = PatientFunction(
        set="validation",
        patient="p1",
        true_edv_ml=100,
        true_esv_ml=40,
        true_ef=0.6,
        predicted_edv_ml=edv_ml,
        predicted_esv_ml=esv_ml,
        predicted_ef=ef,
    )
    assert remark(patient) == said


def test_remarks_are_counted_drawn_and_listed_and_limits_are_those_of_the_table() -> None:
    named = models(["unet"])
    rows = []
    for seed in (1, 2):
        for number, (true, found) in enumerate([(0.5, 0.5), (0.6, -0.42), (0.4, 0.45 + seed / 10), (0.5, np.nan)]):
            said = {1: "impossible: predicted volume larger at end-systole than at end-diastole", 3: UNKNOWN_SAID}
            row = ("unet", 0.5, "none", seed, None, "validation", f"p{number}", 100, 50, true, 100, 50, found)
            rows.append((f"run{seed}", *row, said.get(number, "")))
    table = pd.DataFrame(rows, columns=list(FUNCTION_COLUMNS)).astype(dict(FUNCTION_COLUMNS))
    (agreed,) = agreements(table, named)
    assert (agreed.impossible, agreed.implausible, agreed.missing) == (2, 0, 2)
    shown = Shown("cell-0", "50%", {"validation": Example(1, {named[0]: "run1"}, "seed 1")})
    (cell,) = function_cells(table, [shown], [agreed])
    assert cell.remarks == [
        "validation, p1, unet: −42% impossible: predicted volume larger at end-systole than at end-diastole",
        f"validation, p3, unet: {UNKNOWN_SAID}",
    ]
    scatter, bland = cell.plots
    assert sum("odd" in mark.css for mark in scatter.marks) == 1
    assert [mark.tip for mark in bland.marks if "limit" in mark.css] == [
        f"unet, mean over runs: {value:+.1f} points" for value in (agreed.low, agreed.high)
    ]
