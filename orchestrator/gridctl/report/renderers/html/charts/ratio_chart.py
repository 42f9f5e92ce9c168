"""Scores against the train ratio: one small mark per run, and every model's mean with its interval."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gridctl.analysis.model import Report, Summary
from gridctl.analysis.scores import Observations, Scored
from gridctl.analysis.wording import sentence
from gridctl.experiment.scores.measures import Measure, titled
from gridctl.report.numbers import interval
from gridctl.report.renderers.html.charts.axes import Scale, span
from gridctl.report.renderers.html.charts.legend import Model
from gridctl.report.renderers.html.charts.plot import Plot, Tick, apart

WIDTH, HEIGHT = 400, 260
BEYOND = 0.1
"""How far an axis may extend beyond both ends of a score's range, as a share of it, to show whole intervals."""
RUNS_DRAWN = 400
"""How many runs are drawn one by one in a picture; with more, only means and intervals."""


@dataclass(frozen=True, slots=True)
class RatioChart:
    """All pictures, and their numbers as rows of a table."""

    plots: Sequence[Plot]
    rows: Sequence[Summary]
    runs_drawn: bool


def ratio_chart(report: Report, scored: Scored, models: Sequence[Model], ratios: Sequence[float]) -> RatioChart:
    """Draw a report's summaries, one picture per metric and ablation.

    Args:
        report: Its summaries are drawn.
        scored: What the finished runs' scores are made of.
        models: All of the experiment.
        ratios: All of the experiment.
    """
    grouped: dict[tuple[str, str], list[Summary]] = defaultdict(list)
    for summary in report.summaries:
        if summary.mean is not None:
            grouped[summary.metric, summary.ablation].append(summary)
    epochs = scored.epochs
    drawn = report.unit == "run" and epochs["run_id"].nunique() <= RUNS_DRAWN
    scores = _run_scores(report, scored, list(dict.fromkeys(metric for metric, _ in grouped))) if drawn else {}
    ablated = len({ablation for _, ablation in grouped}) > 1
    plots = [
        _plot(report.measures[metric], ablation, rows, scores.get(metric, {}), models, ratios, ablated)
        for (metric, ablation), rows in grouped.items()
    ]
    return RatioChart(plots, [row for row in report.summaries if row.mean is not None], drawn)


def _run_scores(
    report: Report, scored: Scored, metrics: Sequence[str]
) -> dict[str, dict[tuple[str, float, str], list[tuple[str, float]]]]:
    """Run ids and scores by metric, and by model, train ratio and ablation."""
    observed = Observations.of(scored, metrics, "run", report.score)
    cells = scored.epochs.drop_duplicates("run_id").set_index("run_id")[["model", "train_ratio", "ablation"]]
    found: dict[str, dict[tuple[str, float, str], list[tuple[str, float]]]] = {metric: {} for metric in metrics}
    for metric in metrics:
        known = observed.of_run[metric]
        for run_id, model, ratio, ablation in cells.itertuples(name=None):
            if run_id in known and len(known[run_id]):
                found[metric].setdefault((model, ratio, ablation), []).append((run_id, float(known[run_id][0])))
    return found


def _plot(
    measure: Measure,
    ablation: str,
    rows: Sequence[Summary],
    scores: Mapping[tuple[str, float, str], Sequence[tuple[str, float]]],
    models: Sequence[Model],
    ratios: Sequence[float],
    ablated: bool,
) -> Plot:
    runs = {(model, ratio): here for (model, ratio, other), here in scores.items() if other == ablation}
    values = [value for row in rows for value in (row.mean, row.ci_low, row.ci_high) if value is not None]
    values += [value for here in runs.values() for _, value in here]
    low, high = span(values)
    ends = (measure.low, measure.high) if measure.low is not None and measure.high is not None else None
    if ends:  # an interval may extend beyond the range of a score; an arrow marks one that is cut off
        beyond = BEYOND * (ends[1] - ends[0])
        low, high = max(low, ends[0] - beyond), min(high, ends[1] + beyond)
    places = sorted(ratios)
    x_low, x_high = span(places, margin=0.12, least=0.2)
    x = Scale(x_low, x_high, 46, WIDTH - 12)
    y = Scale(low, high, HEIGHT - 40, 12)
    title = sentence(titled(measure)) + (f", {ablation}" if ablated else "")
    plot = Plot(
        title,
        "; ".join(_said(model, rows) for model in models if any(row.model == model.name for row in rows)),
        x,
        y,
        WIDTH,
        HEIGHT,
        x_label="train ratio",
        x_ticks=apart([Tick(x(ratio), f"{ratio * 100:g}%") for ratio in places]),
    )
    if ends:
        least, most = ends
        plot.y_ticks = [tick for tick in plot.vertical_ticks() if y(most) - 0.5 <= tick.place <= y(least) + 0.5]
        for limit, side in ((least, "below"), (most, "above")):
            if low < limit < high:
                said = f"{measure.metric_label} is never {side} {limit:g}"
                plot.line([(x_low, limit), (x_high, limit)], "zero", said)
    for model in models:
        _draw(plot, model, [row for row in rows if row.model == model.name], runs, len(models), x_high - x_low)
    return plot


def _draw(
    plot: Plot,
    model: Model,
    rows: Sequence[Summary],
    runs: Mapping[tuple[str, float], Sequence[tuple[str, float]]],
    of: int,
    width: float,
) -> None:
    aside = (model.series - (of - 1) / 2) * width * 0.022
    outward = (-7 if model.series < of / 2 else 7, 0)
    for (name, ratio), here in runs.items():
        for run_id, value in here if name == model.name else ():
            plot.dot(ratio + aside, value, model.series, "faint", f"{run_id}: {value:.4f}", radius=2.4, aside=outward)
    ordered = sorted(rows, key=lambda row: row.train_ratio)
    plot.line([(row.train_ratio + aside, row.mean) for row in ordered if row.mean is not None], model.css)
    for row in ordered:
        at = row.train_ratio + aside
        if row.ci_low is not None and row.ci_high is not None:
            ends = (max(row.ci_low, plot.y.low), min(row.ci_high, plot.y.high))
            plot.line([(at, end) for end in ends], f"{model.css} interval")
            for end, goes_on in zip(ends, (row.ci_low < ends[0], row.ci_high > ends[1]), strict=True):
                if goes_on:
                    plot.arrow(
                        at,
                        end,
                        model.series,
                        f"the interval goes on to {(row.ci_low if end == ends[0] else row.ci_high):.3f}",
                    )
        if row.mean is not None:
            plot.dot(at, row.mean, model.series, "mean", _tip(row), radius=4.5)


def _tip(row: Summary) -> str:
    known = f", 95% CI {interval(row.ci_low, row.ci_high)}" if row.ci_low is not None else ""
    return f"{row.model} at {row.train_ratio * 100:g}%: mean {row.mean:.3f}{known}, n = {row.n}"


def _said(model: Model, rows: Sequence[Summary]) -> str:
    parts = [f"{row.train_ratio * 100:g}% {row.mean:.3f}" for row in rows if row.model == model.name]
    return f"{model.name}: {', '.join(parts)}"
