"""Performance profiles: which share of runs, or of patients, scores better than each threshold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from gridctl.analysis.model import ProfilePoint, Report
from gridctl.experiment.scores.measures import Measure, titled
from gridctl.report.renderers.html.charts.axes import Scale, span
from gridctl.report.renderers.html.charts.legend import Model
from gridctl.report.renderers.html.charts.plot import Plot, Tick
from gridctl.report.renderers.sections.ranking import profile_caption

WIDTH, HEIGHT = 400, 300


def profile_plots(report: Report, models: Sequence[Model]) -> Iterator[tuple[Plot, str]]:
    """A picture a compared score, with how to read it."""
    by_metric: dict[str, list[ProfilePoint]] = defaultdict(list)
    for point in report.profiles:
        by_metric[point.metric].append(point)
    for metric, points in by_metric.items():
        yield (
            _plot(report.measures[metric], points, models),
            profile_caption(points[0], bands=points[0].low is not None),
        )


def _plot(measure: Measure, points: Sequence[ProfilePoint], models: Sequence[Model]) -> Plot:
    by_model: dict[str, list[ProfilePoint]] = defaultdict(list)
    for point in points:
        by_model[point.model].append(point)
    x = Scale(*span([point.threshold for point in points], margin=0.02), 46, WIDTH - 12)
    y = Scale(0, 1, HEIGHT - 42, 12)
    of = "patients" if points[0].claim == "population" else "runs"
    side = "above" if measure.higher_is_better else "below"
    plot = Plot(
        f"{titled(measure)[:1].upper()}{titled(measure)[1:]}: share of {of} {side} a score",
        "; ".join(f"{name}: {_half(of_model)}" for name, of_model in by_model.items()),
        x,
        y,
        WIDTH,
        HEIGHT,
        x_label=measure.metric_label + (f" ({measure.unit})" if measure.unit else ""),
        y_ticks=[Tick(y(share / 100), f"{share}%") for share in (0, 25, 50, 75, 100)],
    )
    shown = [(model, by_model[model.name]) for model in models if model.name in by_model]
    for model, of_model in shown:
        low = [(point.threshold, point.low) for point in of_model if point.low is not None]
        high = [(point.threshold, point.high) for point in of_model if point.high is not None]
        plot.area(low, high, f"band {model.css}")
    for model, of_model in shown:
        plot.line([(point.threshold, point.share) for point in of_model], model.css, f"{model.name}: {_half(of_model)}")
        for point in of_model[model.series % 5 :: 5]:
            known = "" if point.low is None else f" [{100 * point.low:.0f}, {100 * (point.high or 0):.0f}]"
            tip = f"{model.name}: {point.share:.0%}{known} {side} {point.threshold:.3f}"
            plot.dot(point.threshold, point.share, model.series, "", tip, radius=3)
    return plot


def _half(points: Sequence[ProfilePoint]) -> str:
    """`half of them beyond 0.853`: where a profile crosses a half."""
    nearest = min(points, key=lambda point: abs(point.share - 0.5))
    return f"{nearest.share:.0%} at {nearest.threshold:.3f}"
