"""Ejection fraction: predicted against true, and limits of agreement."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from orchestrator.report.page.axes import Scale, span
from orchestrator.report.page.legend import Model, cell_text
from orchestrator.report.page.plot import Plot
from orchestrator.report.page.representatives import Shown

WIDTH, HEIGHT = 380, 280


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far a model's ejection fractions are from the true ones, mean over the runs of a cell.

    Attributes:
        runs, patients: Runs, and patients of each.
        bias: Mean of predicted - true, in percentage points.
        low, high: Limits of agreement, bias ∓ 1.96 standard deviations of a run's patients.
        absolute: Mean absolute difference.
        correlation: Pearson's, of true and predicted; None where one of them is constant.
        missing: Patients without a predicted ejection fraction, over all runs.
    """

    model: Model
    cell: str
    set: str
    runs: int
    patients: int
    bias: float
    low: float | None
    high: float | None
    absolute: float
    correlation: float | None
    missing: int


@dataclass(frozen=True, slots=True)
class CellFunction:
    """The pictures of one cell's chosen runs."""

    shown: Shown
    plots: Sequence[Plot]


def agreements(function: pd.DataFrame, models: Sequence[Model]) -> list[Agreement]:
    """A row a set, cell and model.

    Args:
        function: As `Collected.function`.
        models: All of the experiment.
    """
    by_name = {model.name: model for model in models}
    rows = []
    for key, here in function.groupby(["set", "train_ratio", "ablation", "model"], sort=False):
        set_name, ratio, ablation, model = (str(part) for part in key)
        whole = here.dropna(subset=["predicted_ef"])
        if whole.empty:
            continue
        table = pd.DataFrame(
            {
                "run_id": whole["run_id"],
                "true": whole["true_ef"] * 100,
                "predicted": whole["predicted_ef"] * 100,
                "difference": (whole["predicted_ef"] - whole["true_ef"]) * 100,
            }
        )
        table["absolute"] = table["difference"].abs()
        of_run = table.groupby("run_id").agg(
            bias=("difference", "mean"), sd=("difference", "std"), absolute=("absolute", "mean"), n=("true", "size")
        )
        sd = of_run["sd"].mean()  # NaN below two patients
        rows.append(
            Agreement(
                by_name[model],
                cell_text(float(ratio), ablation),
                set_name,
                len(of_run),
                int(here.groupby("run_id").size().max()),
                float(of_run["bias"].mean()),
                float((of_run["bias"] - 1.96 * of_run["sd"]).mean()) if sd == sd else None,
                float((of_run["bias"] + 1.96 * of_run["sd"]).mean()) if sd == sd else None,
                float(of_run["absolute"].mean()),
                _correlation(table),
                len(here) - len(whole),
            )
        )
    return rows


def function_cells(function: pd.DataFrame, representatives: Sequence[Shown]) -> list[CellFunction]:
    """The pictures of the chosen runs, cell by cell.

    Args:
        function: As `Collected.function`.
        representatives: The runs shown.
    """
    cells = []
    for shown in representatives:
        here = function[function["run_id"].isin(shown.runs.values())].dropna(subset=["predicted_ef"])
        plots = [
            plot
            for set_name, of_set in here.groupby("set", sort=False)
            for plot in _pictures(str(set_name), of_set, shown.runs)
        ]
        if plots:
            cells.append(CellFunction(shown, plots))
    return cells


def _correlation(table: pd.DataFrame) -> float | None:
    values = []
    for _, run in table.groupby("run_id"):
        true, predicted = run["true"].to_numpy(), run["predicted"].to_numpy()
        if len(run) > 2 and true.std() > 0 and predicted.std() > 0:
            values.append(float(np.corrcoef(true, predicted)[0, 1]))
    return float(np.mean(values)) if values else None


def _pictures(set_name: str, patients: pd.DataFrame, runs: Mapping[Model, str]) -> Iterator[Plot]:
    true, predicted = patients["true_ef"] * 100, patients["predicted_ef"] * 100
    low, high = span([*true, *predicted], least=10)
    scatter = Plot(
        f"{set_name.capitalize()}: predicted against true",
        "a mark a patient and model; on the dashed line both are the same",
        Scale(low, high, 46, WIDTH - 12),
        Scale(low, high, HEIGHT - 40, 12),
        WIDTH,
        HEIGHT,
        x_label="true ejection fraction, %",
        y_label="predicted, %",
    )
    scatter.line([(low, low), (high, high)], "zero")
    lines = _limits(patients, runs)
    middle = (true + predicted) / 2
    ends = [*(predicted - true), 0.0, *(value for limits in lines.values() for value in limits)]
    x_low, x_high = span(middle, least=10)
    y_low, y_high = span(ends, least=4)
    bland = Plot(
        f"{set_name.capitalize()}: limits of agreement",
        "; ".join(
            f"{model.name}: bias {bias:+.1f}, limits {below:+.1f} to {above:+.1f} percentage points"
            for model, (below, bias, above) in lines.items()
        ),
        Scale(x_low, x_high, 46, WIDTH - 12),
        Scale(y_low, y_high, HEIGHT - 40, 12),
        WIDTH,
        HEIGHT,
        x_label="mean of true and predicted, %",
        y_label="predicted − true, points",
    )
    bland.line([(x_low, 0), (x_high, 0)], "zero")
    for model, (below, bias, above) in lines.items():
        for value, css in ((below, "limit"), (bias, "bias"), (above, "limit")):
            bland.line([(x_low, value), (x_high, value)], f"{model.css} {css}", f"{model.name}: {value:+.1f} points")
    for model, run_id in runs.items():
        for row in patients[patients["run_id"] == run_id].itertuples():
            t, p = float(row.true_ef) * 100, float(row.predicted_ef) * 100  # type: ignore[arg-type]
            tip = f"{row.patient}, {model.name}: true {t:.1f}%, predicted {p:.1f}%"
            scatter.dot(t, p, model.series, "", tip, radius=3.6)
            bland.dot((t + p) / 2, p - t, model.series, "", tip, radius=3.6)
    yield scatter
    yield bland


def _limits(patients: pd.DataFrame, runs: Mapping[Model, str]) -> dict[Model, tuple[float, float, float]]:
    """Lower limit, bias and upper limit by model, in percentage points; of two patients at least."""
    limits = {}
    for model, run_id in runs.items():
        here = patients[patients["run_id"] == run_id]
        if len(here) > 1:
            difference = (here["predicted_ef"] - here["true_ef"]) * 100
            bias, sd = float(difference.mean()), float(difference.std())
            limits[model] = (bias - 1.96 * sd, bias, bias + 1.96 * sd)
    return limits
