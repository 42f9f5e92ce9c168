"""Plots of ejection fractions: predicted against true, and Bland-Altman."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from gridctl.analysis.wording import sentence
from gridctl.report.renderers.html.charts.axes import Scale, span
from gridctl.report.renderers.html.charts.legend import Model
from gridctl.report.renderers.html.charts.plot import Plot
from gridctl.report.renderers.html.representatives import Example

WIDTH, HEIGHT = 400, 280


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far a model's ejection fractions are from the true ones, mean over the runs of a cell.

    Attributes:
        runs, patients: Runs that bias, limits and mean difference are taken from, and patients of each.
        bias: Mean of predicted - true, in percentage points; None where no patient has a predicted one.
        low, high: Limits of agreement, bias ∓ 1.96 standard deviations of a run's patients.
        absolute: Mean absolute difference; None where the bias is.
        correlation: Pearson's, of true and predicted, mean over the runs that have one; None if none has.
        missing: Patients without a predicted ejection fraction, over all runs.
        impossible, implausible: Patients with an impossible or implausible ejection fraction, over all runs.
        runs_done: Runs that are done, also those without enough measurable patients.
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
    impossible: int = 0
    implausible: int = 0
    runs_done: int = 0


def pictures(
    set_name: str,
    example: Example,
    patients: Sequence[tuple[Model, pd.DataFrame]],
    lines: Mapping[Model, Agreement],
) -> Iterator[Plot]:
    """Both pictures of one set.

    Args:
        set_name: The set.
        example: The runs whose patients are drawn.
        patients: Rows of `Collected.function` of each model's run, those that can be measured.
        lines: Bias and limits to draw, over the runs of the cell.
    """
    every = pd.concat([of_model for _, of_model in patients])
    true, predicted = every["true_ef"] * 100, every["predicted_ef"] * 100
    of_seed = f"patients of seed {example.seed}"
    low, high = span([*true, *predicted], least=10)
    scatter = Plot(
        f"{sentence(set_name)}: predicted against true",
        f"one mark per patient and model, {of_seed}; on the dashed line both are the same",
        Scale(low, high, 46, WIDTH - 12),
        Scale(low, high, HEIGHT - 40, 12),
        WIDTH,
        HEIGHT,
        x_label="true ejection fraction, %",
        y_label="predicted, %",
    )
    scatter.line([(low, low), (high, high)], "zero")
    drawn = {model: (row.low, row.bias, row.high) for model, row in lines.items()}
    ends = [
        *(predicted - true),
        0.0,
        *(value for of_model in drawn.values() for value in of_model if value is not None),
    ]
    x_low, x_high = span((true + predicted) / 2, least=10)
    y_low, y_high = span(ends, least=4)
    bland = Plot(
        f"{sentence(set_name)}: limits of agreement",
        f"marks: {of_seed}; lines, as in the table, over runs: " + "; ".join(map(_said, lines.values())),
        Scale(x_low, x_high, 46, WIDTH - 12),
        Scale(y_low, y_high, HEIGHT - 40, 12),
        WIDTH,
        HEIGHT,
        x_label="mean of true and predicted, %",
        y_label="predicted − true, points",
    )
    bland.line([(x_low, 0), (x_high, 0)], "zero")
    for model, values in drawn.items():
        for value, css in zip(values, ("limit", "bias", "limit"), strict=True):
            if value is not None:
                tip = f"{model.name}, mean over runs: {value:+.1f} points"
                bland.line([(x_low, value), (x_high, value)], f"{model.css} {css}", tip)
    for model, of_model in patients:
        for row in of_model.to_dict("records"):
            t, p = row["true_ef"] * 100, row["predicted_ef"] * 100
            tip = f"{row['patient']}, {model.name}: true {t:.1f}%, predicted {p:.1f}%"
            tip += f" ({row['remark']})" if row["remark"] else ""
            css = "odd" if row["remark"] else ""
            scatter.dot(t, p, model.series, css, tip, radius=3.6)
            bland.dot((t + p) / 2, p - t, model.series, css, tip, radius=3.6)
    yield scatter
    yield bland


def _said(row: Agreement) -> str:
    if row.bias is None:
        return f"{row.model.name}: not measurable"
    if row.low is None or row.high is None:
        return f"{row.model.name}: bias {row.bias:+.1f} percentage points"
    return f"{row.model.name}: bias {row.bias:+.1f}, limits {row.low:+.1f} to {row.high:+.1f} percentage points"
