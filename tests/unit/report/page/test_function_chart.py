"""The chart shows agreement over the runs of a cell, and oddities of single patients."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gridctl.analysis.statistics.agreement import limits_of_agreement
from gridctl.collection.columns import FUNCTION_COLUMNS
from gridctl.collection.implausible_ejection_fraction import remark
from gridctl.report.renderers.html.charts import ejection_fraction_chart
from gridctl.report.renderers.html.charts.ejection_fraction_chart import agreements, shown_functions
from gridctl.report.renderers.html.charts.legend import models
from gridctl.report.renderers.html.representatives import Example, Shown
from gridctl_trainer.contract.records.run_result import PatientFunction

UNKNOWN_SAID = "not measurable: no cavity predicted at end-diastole"


@settings(max_examples=30)
@given(patients=st.integers(1, 8), runs=st.integers(1, 4), seed=st.integers(0, 1000))
@example(patients=1, runs=1, seed=394)  # here, no patient can be measured
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
    (row,) = agreements(table, models(["unet"]))
    known = table.dropna(subset=["predicted_ef"])
    assert (row.patients, row.missing) == (patients, len(table) - len(known))
    assert (row.runs, row.runs_done) == (known["run_id"].nunique(), runs)
    if known.empty:  # the row exists and says so
        assert (row.bias, row.low, row.high, row.absolute, row.correlation) == (None,) * 5
        return
    gap = ((known["predicted_ef"] - known["true_ef"]) * 100).to_numpy()
    agreed = limits_of_agreement(gap, pd.factorize(known["patient"])[0])
    assert agreed is not None
    assert (row.bias, row.low, row.high) == (agreed.bias, agreed.low, agreed.high)
    of_runs = [of_run for _, of_run in known.groupby("run_id")]
    absolute = [np.abs(of_run["predicted_ef"] - of_run["true_ef"]).mean() * 100 for of_run in of_runs]
    assert row.absolute == pytest.approx(np.mean(absolute))
    r = [np.corrcoef(one["true_ef"], one["predicted_ef"])[0, 1] for one in of_runs if len(one) > 2]
    assert row.correlation == (pytest.approx(np.mean(r), abs=1e-6) if r else None)


def test_seeds_that_score_the_same_patients_do_not_count_as_more_patients() -> None:
    gaps = (-0.06, 0.0, 0.06)
    rows = [
        (f"run{run}", "unet", 0.5, "none", run, None, "sunnybrook", f"p{number}", 1, 1, 0.5, 1, 1, 0.5 + gap, "")
        for run in range(20)
        for number, gap in enumerate(gaps)
    ]
    table = pd.DataFrame(rows, columns=list(FUNCTION_COLUMNS)).astype(dict(FUNCTION_COLUMNS))
    (row,) = agreements(table, models(["unet"]))
    reach = 1.96 * np.std(np.array(gaps) * 100, ddof=1)
    assert (row.low, row.high) == pytest.approx((-reach, reach))
    assert (row.patients, row.runs) == (3, 20)


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


def test_remarks_are_counted_drawn_and_listed_and_limits_are_those_of_the_seed_that_is_drawn() -> None:
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
    (cell,) = shown_functions(table, [shown]).cells
    assert cell.remarks == [
        "validation, p1, unet: −42% impossible: predicted volume larger at end-systole than at end-diastole",
        f"validation, p3, unet: {UNKNOWN_SAID}",
    ]
    scatter, bland = cell.plots
    assert [sum("odd" in mark.css for mark in plot.marks) for plot in (scatter, bland)] == [1, 1]
    gaps = np.array([0.0, -102.0, 15.0])
    reach = 1.96 * gaps.std(ddof=1)
    assert [mark.tip for mark in bland.marks if "limit" in mark.css] == [
        f"unet, seed 1: {value:+.1f} percentage points".replace("-", "−")
        for value in (gaps.mean() - reach, gaps.mean() + reach)
    ]


def test_cells_beyond_what_a_page_can_hold_are_named_and_the_first_is_always_drawn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ejection_fraction_chart, "MARKS_DRAWN", 10)
    named = models(["unet"])
    rows = [
        (
            "run1",
            "unet",
            0.5,
            "none",
            1,
            None,
            "validation",
            f"p{number}",
            100,
            50,
            0.5,
            100,
            50,
            0.4 + number / 100,
            "",
        )
        for number in range(12)
    ]
    table = pd.DataFrame(rows, columns=list(FUNCTION_COLUMNS)).astype(dict(FUNCTION_COLUMNS))
    chosen = [
        Shown(f"cell-{number}", f"{number}0%", {"validation": Example(1, {named[0]: "run1"}, "seed 1")})
        for number in range(1, 4)
    ]
    found = shown_functions(table, chosen)
    assert [cell.shown.cell for cell in found.cells] == ["10%"]
    assert found.left_out == ["20%", "30%"]
