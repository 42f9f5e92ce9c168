"""Plots of single patients: one model against another, and limits of agreement of volumes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gridctl.analysis.scorecards.patient_scores import PairOfPatients, said_of
from gridctl.analysis.statistics.agreement import limits_of_agreement
from gridctl.analysis.wording import sentence
from gridctl.experiment.scores.measures import Measure, titled
from gridctl.report.renderers.html.charts.axes import Scale, span
from gridctl.report.renderers.html.charts.legend import Model
from gridctl.report.renderers.html.charts.plot import Plot
from gridctl.report.scorecard import short_unit, shown_value
from gridctl.terminal.console import count

WIDTH, HEIGHT = 400, 280


@dataclass(frozen=True, slots=True)
class Volumes:
    """A volume, or what follows from volumes, of one run's patients.

    Attributes:
        predicted, true: By the model, and truly.
        odd: Remarks on patients, whose marks are ringed.
    """

    patients: Sequence[str]
    predicted: NDArray[np.float64]
    true: NDArray[np.float64]
    odd: Mapping[str, str] = field(default_factory=dict)


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
        Scale(low, high, 58, WIDTH - 12),  # numbers of two decimals stand between the axis and its label
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


def agreement_plot(
    title: str, unit: str, of_models: Mapping[Model, Volumes], seed: int, difference_unit: str = ""
) -> Plot:
    """Bland and Altman's plot of one seed's patients, limits of that seed alone.

    Args:
        title: What is measured, and on which set.
        unit: Its unit.
        of_models: Volumes of each model's run.
        seed: Of these runs: seeds share patients, so those of several are not drawn together.
        difference_unit: Of a difference, where that is another: percentage points of what is in percent.
    """
    of_difference = difference_unit or unit
    means = np.concatenate([(each.true + each.predicted) / 2 for each in of_models.values()])
    lines = {model: _limits(each.predicted - each.true) for model, each in of_models.items()}
    ends = [value for each in of_models.values() for value in (each.predicted - each.true)]
    ends += [0.0, *(value for limits in lines.values() for value in limits)]
    x_low, x_high = span(means, least=10)
    y_low, y_high = span(ends, least=4)
    plot = Plot(
        title,
        f"patients of seed {seed} alone: "
        + "; ".join(_said(model, lines[model], of_difference) for model in of_models),
        Scale(x_low, x_high, 46, WIDTH - 12),
        Scale(y_low, y_high, HEIGHT - 40, 12),
        WIDTH,
        HEIGHT,
        x_label=f"mean of true and predicted, {unit}",
        y_label=f"predicted − true, {short_unit(of_difference)}",
    )
    plot.line([(x_low, 0), (x_high, 0)], "zero")
    for model, limits in lines.items():
        for value, css in zip(limits, ("bias", "limit", "limit"), strict=False):
            tip = f"{model.name}, seed {seed}: {_signed(value)} {of_difference}"
            plot.line([(x_low, value), (x_high, value)], f"{model.css} {css}", tip)
    for model, each in of_models.items():
        for patient, predicted, true in zip(each.patients, each.predicted, each.true, strict=True):
            tip = f"{patient}, {model.name}: true {true:.1f}, predicted {predicted:.1f} {unit}"
            css = "odd" if each.odd.get(patient) else ""
            tip += f" ({each.odd[patient]})" if css else ""
            plot.dot(float(true + predicted) / 2, float(predicted - true), model.series, css, tip, radius=3.6)
    return plot


def _limits(differences: NDArray[np.float64]) -> tuple[float, ...]:
    """Bias, and both limits where there are patients enough."""
    found = limits_of_agreement(differences, np.arange(len(differences)))
    assert found is not None
    return (found.bias,) if found.low is None or found.high is None else (found.bias, found.low, found.high)


def _said(model: Model, limits: Sequence[float], unit: str) -> str:
    known = f", limits {_signed(limits[1])} to {_signed(limits[2])}" if len(limits) > 1 else ""
    return f"{model.name}: bias {_signed(limits[0])}{known} {unit}"


def _signed(value: float) -> str:
    return f"{value:+.1f}".replace("-", "−")
