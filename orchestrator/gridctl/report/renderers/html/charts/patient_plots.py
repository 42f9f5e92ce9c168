"""Plots of single patients: one model against another, and limits of agreement of volumes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridctl.analysis.scorecards.patient_scores import PairOfPatients, said_of
from gridctl.analysis.wording import sentence
from gridctl.experiment.scores.measures import Measure, titled
from gridctl.report.renderers.html.charts.axes import Scale, span
from gridctl.report.renderers.html.charts.legend import Model
from gridctl.report.renderers.html.charts.plot import Plot
from gridctl.report.scorecard import shown_value
from gridctl.terminal.console import count

WIDTH, HEIGHT = 400, 280
FEWEST_PATIENTS = 3
"""Fewest patients for limits of agreement."""


@dataclass(frozen=True, slots=True)
class Volumes:
    """Predicted and true volumes of one run's patients."""

    patients: Sequence[str]
    predicted: NDArray[np.float64]
    true: NDArray[np.float64]


def paired_plot(
    measure: Measure, model: Model, against: Model, pair: PairOfPatients, seed: int, groups: Mapping[str, str]
) -> Plot:
    """Each patient's score with one model against that with the other.

    Args:
        measure: Which score.
        model: Whose score is on the vertical axis.
        against: Whose score is on the horizontal axis.
        pair: The patients that both have a score for.
        seed: Of both runs.
        groups: Groups of patients, for the tooltips.
    """
    low, high = span([*pair.model, *pair.against])
    better = int((pair.model > pair.against).sum() if measure.higher_is_better else (pair.model < pair.against).sum())
    left_out = f"; left out for both: {said_of(pair.left_out)}" if pair.left_out else ""
    plot = Plot(
        f"{sentence(titled(measure))}, patient by patient",
        f"{count(len(pair.patients), 'patient')} of seed {seed}; {model.name} is better in {better}; on the dashed "
        f"line both are the same; a mark has the colour and shape of the better one{left_out}",
        Scale(low, high, 46, WIDTH - 12),
        Scale(low, high, HEIGHT - 40, 12),
        WIDTH,
        HEIGHT,
        x_label=against.name,
        y_label=model.name,
    )
    plot.line([(low, low), (high, high)], "zero")
    for patient, ours, theirs in zip(pair.patients, pair.model, pair.against, strict=True):
        group = f" ({groups[patient]})" if groups.get(patient) else ""
        values = [shown_value(measure.metric, value) for value in (ours, theirs)]
        ahead = model if (ours > theirs) == measure.higher_is_better else against
        tip = f"{patient}{group}: {model.name} {values[0]}, {against.name} {values[1]}"
        plot.dot(float(theirs), float(ours), ahead.series, "", tip, radius=3.6)
    return plot


def agreement_plot(title: str, unit: str, of_models: Mapping[Model, Volumes], seed: int) -> Plot:
    """Bland and Altman's plot of one seed's patients, limits of that seed alone.

    Args:
        title: What is measured, and on which set.
        unit: Its unit.
        of_models: Volumes of each model's run.
        seed: Of these runs: seeds share patients, so those of several are not drawn together.
    """
    means = np.concatenate([(each.true + each.predicted) / 2 for each in of_models.values()])
    lines = {model: _limits(each.predicted - each.true) for model, each in of_models.items()}
    ends = [value for each in of_models.values() for value in (each.predicted - each.true)]
    ends += [0.0, *(value for limits in lines.values() for value in limits)]
    x_low, x_high = span(means, least=10)
    y_low, y_high = span(ends, least=4)
    plot = Plot(
        title,
        f"patients of seed {seed} alone: " + "; ".join(_said(model, lines[model], unit) for model in of_models),
        Scale(x_low, x_high, 46, WIDTH - 12),
        Scale(y_low, y_high, HEIGHT - 40, 12),
        WIDTH,
        HEIGHT,
        x_label=f"mean of true and predicted, {unit}",
        y_label=f"predicted − true, {unit}",
    )
    plot.line([(x_low, 0), (x_high, 0)], "zero")
    for model, limits in lines.items():
        for value, css in zip(limits, ("bias", "limit", "limit"), strict=False):
            tip = f"{model.name}, seed {seed}: {_signed(value)} {unit}"
            plot.line([(x_low, value), (x_high, value)], f"{model.css} {css}", tip)
    for model, each in of_models.items():
        for patient, predicted, true in zip(each.patients, each.predicted, each.true, strict=True):
            tip = f"{patient}, {model.name}: true {true:.1f}, predicted {predicted:.1f} {unit}"
            plot.dot(float(true + predicted) / 2, float(predicted - true), model.series, "", tip, radius=3.6)
    return plot


def _limits(differences: NDArray[np.float64]) -> tuple[float, ...]:
    """Bias, and both limits if there are enough patients."""
    bias = float(differences.mean())
    if len(differences) < FEWEST_PATIENTS:
        return (bias,)
    reach = 1.96 * float(differences.std(ddof=1))
    return bias, bias - reach, bias + reach


def _said(model: Model, limits: Sequence[float], unit: str) -> str:
    known = f", limits {_signed(limits[1])} to {_signed(limits[2])}" if len(limits) > 1 else ""
    return f"{model.name}: bias {_signed(limits[0])}{known} {unit}"


def _signed(value: float) -> str:
    return f"{value:+.1f}".replace("-", "−")
