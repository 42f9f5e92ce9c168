"""Scores against the train ratio: every run a small mark, every model's mean with its interval."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from orchestrator.report.numbers import interval
from orchestrator.report.page.axes import Scale, span
from orchestrator.report.page.legend import Model
from orchestrator.report.page.plot import Plot, Tick
from orchestrator.report.result import Report, Summary
from orchestrator.report.scores import run_scores
from orchestrator.report.sections import METRIC_NAMES

WIDTH, HEIGHT = 380, 260
RUNS_DRAWN = 400
"""Runs drawn one by one in a picture; with more, means and intervals only."""


@dataclass(frozen=True, slots=True)
class RatioChart:
    """All pictures, and the same as rows of a table."""

    plots: Sequence[Plot]
    rows: Sequence[Summary]
    runs_drawn: bool


def ratio_chart(report: Report, epochs: pd.DataFrame, models: Sequence[Model], ratios: Sequence[float]) -> RatioChart:
    """Draw a report's summaries, a picture a metric and ablation.

    Args:
        report: Its summaries are drawn.
        epochs: Of the finished runs.
        models: All of the experiment.
        ratios: All of the experiment.
    """
    grouped: dict[tuple[str, str], list[Summary]] = defaultdict(list)
    for summary in report.summaries:
        if summary.mean is not None:
            grouped[summary.metric, summary.ablation].append(summary)
    drawn = report.unit == "run" and epochs["run_id"].nunique() <= RUNS_DRAWN
    scores = {
        metric: run_scores(epochs, metric, report.score) if drawn else pd.DataFrame()
        for metric in dict.fromkeys(metric for metric, _ in grouped)
    }
    ablated = len({ablation for _, ablation in grouped}) > 1
    plots = [
        _plot(metric, ablation, rows, scores[metric], models, ratios, ablated)
        for (metric, ablation), rows in grouped.items()
    ]
    return RatioChart(plots, [row for row in report.summaries if row.mean is not None], drawn)


def _plot(
    metric: str,
    ablation: str,
    rows: Sequence[Summary],
    scores: pd.DataFrame,
    models: Sequence[Model],
    ratios: Sequence[float],
    ablated: bool,
) -> Plot:
    runs = scores[scores["ablation"] == ablation] if len(scores) else scores
    values = [value for row in rows for value in (row.mean, row.ci_low, row.ci_high) if value is not None]
    values += [float(value) for value in runs["value"]] if len(runs) else []
    low, high = span(values)
    if not metric.endswith("_bce") and max(values) <= 1:
        high = min(high, 1.0)
    places = sorted(ratios)
    x_low, x_high = span(places, margin=0.12, least=0.2)
    x = Scale(x_low, x_high, 46, WIDTH - 12)
    y = Scale(low, high if high > low else low + 0.1, HEIGHT - 40, 12)
    title = METRIC_NAMES[metric] + (f", {ablation}" if ablated else "")
    plot = Plot(
        title[:1].upper() + title[1:],
        "; ".join(_said(model, rows) for model in models if any(row.model == model.name for row in rows)),
        x,
        y,
        WIDTH,
        HEIGHT,
        x_label="train ratio",
        x_ticks=_apart([Tick(x(ratio), f"{ratio * 100:g}%") for ratio in places]),
    )
    for model in models:
        _draw(plot, model, [row for row in rows if row.model == model.name], runs, len(models), x_high - x_low)
    return plot


def _draw(plot: Plot, model: Model, rows: Sequence[Summary], runs: pd.DataFrame, of: int, width: float) -> None:
    aside = (model.series - (of - 1) / 2) * width * 0.022
    if len(runs):
        for run in runs[runs["model"] == model.name].itertuples():
            tip = f"{run.run_id}: {run.value:.4f}"
            plot.dot(float(run.train_ratio) + aside, float(run.value), model.series, "faint", tip, radius=2.2)  # type: ignore[arg-type]
    ordered = sorted(rows, key=lambda row: row.train_ratio)
    plot.line([(row.train_ratio + aside, row.mean) for row in ordered if row.mean is not None], model.css)
    for row in ordered:
        at = row.train_ratio + aside
        if row.ci_low is not None and row.ci_high is not None:
            plot.line([(at, row.ci_low), (at, row.ci_high)], f"{model.css} interval")
        if row.mean is not None:
            plot.dot(at, row.mean, model.series, "mean", _tip(row), radius=4.5)


def _tip(row: Summary) -> str:
    known = f", 95% CI {interval(row.ci_low, row.ci_high)}" if row.ci_low is not None else ""
    return f"{row.model} at {row.train_ratio * 100:g}%: mean {row.mean:.3f}{known}, n = {row.n}"


def _said(model: Model, rows: Sequence[Summary]) -> str:
    parts = [f"{row.train_ratio * 100:g}% {row.mean:.3f}" for row in rows if row.model == model.name]
    return f"{model.name}: {', '.join(parts)}"


def _apart(ticks: Sequence[Tick], least: float = 30) -> list[Tick]:
    """Ticks without those whose text would touch the one before."""
    kept: list[Tick] = []
    for tick in ticks:
        if not kept or tick.place - kept[-1].place >= least:
            kept.append(tick)
    return kept
