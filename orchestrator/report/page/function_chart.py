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

WIDTH, HEIGHT = 400, 280


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far a model's ejection fractions are from the true ones, mean over the runs of a cell.

    Attributes:
        runs, patients: Runs, and patients of each.
        bias: Mean of predicted - true, in percentage points; None where no patient has a predicted one.
        low, high: Limits of agreement, bias ∓ 1.96 standard deviations of a run's patients.
        absolute: Mean absolute difference; None as the bias is.
        correlation: Pearson's, of true and predicted; None where one of them is constant.
        missing: Patients without a predicted ejection fraction, over all runs.
    """

    model: Model
    cell: str
    set: str
    runs: int
    patients: int
    bias: float | None
    low: float | None
    high: float | None
    absolute: float | None
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
    cell = ["set", "train_ratio", "ablation", "model"]
    asked = function.groupby([*cell, "run_id"], sort=False).size().groupby(level=cell, sort=False)
    of_run = _run_agreements(function.dropna(subset=["predicted_ef"]), [*cell, "run_id"])
    of_cell = of_run.groupby(level=cell, sort=False)
    table = of_cell.mean().reindex(asked.max().index)  # a model none of whose hearts can be measured has a row as well
    table = table.assign(runs=of_cell.size(), known=of_cell["n"].sum(), asked=asked.sum(), patients=asked.max()).fillna(
        {"runs": 0, "known": 0}
    )
    rows = []
    for key, row in zip(table.index, table.to_dict("records"), strict=True):
        set_name, ratio, ablation, model = key
        rows.append(
            Agreement(
                by_name[model],
                cell_text(ratio, ablation),
                set_name,
                int(row["runs"]),
                int(row["patients"]),
                _known(row["bias"]),
                _known(row["low"]),
                _known(row["high"]),
                _known(row["absolute"]),
                _known(row["correlation"]),
                int(row["asked"] - row["known"]),
            )
        )
    return sorted(rows, key=lambda row: row.set != "validation")


def _run_agreements(function: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Bias, limits, mean absolute difference and correlation of each run, NaN where too few patients tell."""
    true, predicted = function["true_ef"] * 100, function["predicted_ef"] * 100
    difference = predicted - true
    parts = pd.DataFrame(
        {
            "n": 1.0,
            "t": true,
            "p": predicted,
            "tt": true**2,
            "pp": predicted**2,
            "tp": true * predicted,
            "d": difference,
            "dd": difference**2,
            "absolute": difference.abs(),
        }
    )
    sums = parts.groupby([function[key] for key in keys], sort=False).sum()
    n = sums["n"]
    bias = sums["d"] / n
    sd = np.sqrt((sums["dd"] - n * bias**2).clip(lower=0) / (n - 1).where(n > 1))
    spreads = (n * sums["tt"] - sums["t"] ** 2).clip(lower=0) * (n * sums["pp"] - sums["p"] ** 2).clip(lower=0)
    correlation = (n * sums["tp"] - sums["t"] * sums["p"]) / np.sqrt(spreads.where((spreads > 1e-6) & (n > 2)))
    return pd.DataFrame(
        {
            "n": n,
            "bias": bias,
            "low": bias - 1.96 * sd,
            "high": bias + 1.96 * sd,
            "absolute": sums["absolute"] / n,
            "correlation": correlation,
        }
    )


def _known(value: float) -> float | None:
    return None if value != value else value


def function_cells(function: pd.DataFrame, representatives: Sequence[Shown]) -> list[CellFunction]:
    """The pictures of the chosen runs, cell by cell.

    Args:
        function: As `Collected.function`.
        representatives: The runs shown.
    """
    of_shown = {run_id for shown in representatives for run_id in shown.runs.values()}
    known = function[function["run_id"].isin(of_shown)].dropna(subset=["predicted_ef"])
    cells = []
    for shown in representatives:
        here = known[known["run_id"].isin(shown.runs.values())]
        plots = [
            plot
            for set_name, of_set in here.groupby("set", sort=False)
            for plot in _pictures(str(set_name), of_set, shown.runs)
        ]
        if plots:
            cells.append(CellFunction(shown, plots))
    return cells


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
