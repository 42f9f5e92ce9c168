"""A model's lead against the binary logarithm of the train ratio, with the fitted line and its band."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from gridctl.analysis.model import Comparison, PairScore, Report, TrendTest
from gridctl.analysis.wording import cut, sentence
from gridctl.report.numbers import interval, signed
from gridctl.report.renderers.html.charts.axes import Scale, span
from gridctl.report.renderers.html.charts.legend import Model
from gridctl.report.renderers.html.charts.plot import Plot, Tick, apart
from gridctl.terminal.console import count

WIDTH, HEIGHT = 400, 300
PAIRS_DRAWN = 60
LONGEST_NAME = 17


def trend_plots(report: Report, models: Sequence[Model]) -> list[Plot]:
    """A picture a comparison and score with two train ratios or more."""
    series = {model.name: model.series for model in models}
    return [
        _plot(row, comparison, series.get(row.model, 0))
        for comparison in report.comparisons
        for row in comparison.trends
        if row.points
    ]


def _plot(row: TrendTest, comparison: Comparison, series: int) -> Plot:
    pairs = list(_leads(row, comparison))
    values = [0.0, *(lead for _, lead in pairs)]
    for point in (*row.points, *row.line):
        values += [value for value in (point.lead, point.low, point.high) if value is not None]
    places = [float(np.log2(point.train_ratio)) for point in row.points]
    x = Scale(*span(places, margin=0.08), 52, WIDTH - 14)
    y = Scale(*span(values), HEIGHT - 42, 12)
    names = f"{cut(row.model, LONGEST_NAME)} over {cut(row.against, LONGEST_NAME)}"
    plot = Plot(
        f"{sentence(row.label)}: lead of {names}",
        f"{said_of(row)}; {'; '.join(f'{p.train_ratio * 100:g}%: {signed(p.lead)}' for p in row.points)}",
        x,
        y,
        WIDTH,
        HEIGHT,
        x_label="train ratio, each step a doubling",
        x_ticks=apart([Tick(x(at), f"{p.train_ratio * 100:g}%") for at, p in zip(places, row.points, strict=True)]),
    )
    plot.line([(x.low, 0), (x.high, 0)], "zero")
    _band(plot, row)
    shown = pairs[:: max(1, -(-len(pairs) // (PAIRS_DRAWN * len(places))))]
    for pair, lead in shown:
        tip = f"seed {pair.seed} at {pair.train_ratio * 100:g}%: {signed(lead)}"
        plot.dot(float(np.log2(pair.train_ratio)), lead, series, "faint", tip, radius=2.4, aside=(-8, 0))
    for at, point in zip(places, row.points, strict=True):
        if point.low is not None and point.high is not None:
            plot.line([(at, point.low), (at, point.high)], "s-mean interval")
        known = f", 95% CI {interval(point.low, point.high)}" if point.low is not None else ""
        plot.dot(at, point.lead, 4, "mean s-mean", f"{point.train_ratio * 100:g}%: {signed(point.lead)}{known}")
    return plot


def said_of(row: TrendTest) -> str:
    """The sentence below the picture: the verdict, its numbers, and whether it was declared."""
    n = count(row.n_seeds, "seed") + (f", {count(row.patients, 'patient')}" if row.claim == "population" else "")
    known = row.per_halving is not None and row.ci_low is not None
    size = f" ({signed(row.per_halving)} {interval(row.ci_low, row.ci_high)} per halving, n = {n})" if known else ""
    return f"{row.verdict}{size}{'' if row.declared else '; not declared, so not part of the answer'}"


def _band(plot: Plot, row: TrendTest) -> None:
    places = [(float(np.log2(point.train_ratio)), point) for point in row.line]
    low = [(at, point.low) for at, point in places if point.low is not None]
    high = [(at, point.high) for at, point in places if point.high is not None]
    plot.area(low, high, "band")
    plot.line([(at, point.lead) for at, point in places], "fit", said_of(row))


def _leads(row: TrendTest, comparison: Comparison) -> Iterator[tuple[PairScore, float]]:
    higher = next((item.higher_is_better for item in comparison.rows if item.metric == row.metric), True)
    for pair in comparison.pairs:
        if pair.metric == row.metric and pair.ablation == row.ablation:
            yield pair, pair.difference if higher else -pair.difference
