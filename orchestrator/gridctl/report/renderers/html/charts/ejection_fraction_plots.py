"""Plots of ejection fractions: predicted against true, and Bland-Altman."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from gridctl.analysis.wording import sentence
from gridctl.report.renderers.html.charts.axes import Scale, span
from gridctl.report.renderers.html.charts.legend import Model
from gridctl.report.renderers.html.charts.patient_plots import HEIGHT, WIDTH, Volumes, agreement_plot
from gridctl.report.renderers.html.charts.plot import Plot
from gridctl.report.renderers.html.representatives import Example


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far a model's ejection fractions are from the true ones, over the runs of a cell.

    Attributes:
        runs, patients: Runs with a predicted fraction, and distinct patients of all runs.
        bias: Mean of predicted - true, in percentage points; None where no patient has a predicted one.
        low, high: Limits of agreement, in which the runs that scored a patient are measurements of that patient; None
            below three patients.
        absolute: Mean absolute difference of a run, mean over runs; None where the bias is.
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


def pictures(set_name: str, example: Example, patients: Sequence[tuple[Model, pd.DataFrame]]) -> Iterator[Plot]:
    """Both pictures of one set, of one seed's patients.

    Args:
        set_name: The set.
        example: The runs whose patients are drawn.
        patients: Rows of `Collected.function` of each model's run, those that can be measured.
    """
    every = pd.concat([of_model for _, of_model in patients])
    low, high = span([*(every["true_ef"] * 100), *(every["predicted_ef"] * 100)], least=10)
    scatter = Plot(
        f"{sentence(set_name)}: predicted against true",
        f"one mark per patient and model, patients of seed {example.seed}; on the dashed line both are the same",
        Scale(low, high, 46, WIDTH - 12),
        Scale(low, high, HEIGHT - 40, 12),
        WIDTH,
        HEIGHT,
        x_label="true, %",
        y_label="predicted, %",
    )
    scatter.line([(low, low), (high, high)], "zero")
    of_models = {model: _measured(of_model) for model, of_model in patients if len(of_model)}
    for model, each in of_models.items():
        for patient, true, predicted in zip(each.patients, each.true, each.predicted, strict=True):
            tip = f"{patient}, {model.name}: true {true:.1f}%, predicted {predicted:.1f}%"
            css = "odd" if each.odd.get(patient) else ""
            tip += f" ({each.odd[patient]})" if css else ""
            scatter.dot(float(true), float(predicted), model.series, css, tip, radius=3.6)
    yield scatter
    title = f"{sentence(set_name)}: limits of agreement"
    yield agreement_plot(title, "%", of_models, example.seed, difference_unit="percentage points")


def _measured(patients: pd.DataFrame) -> Volumes:
    names = [str(name) for name in patients["patient"]]
    percent = [patients[column].to_numpy(dtype=float) * 100 for column in ("predicted_ef", "true_ef")]
    odd = {name: str(said) for name, said in zip(names, patients["remark"], strict=True) if said}
    return Volumes(names, percent[0], percent[1], odd)
