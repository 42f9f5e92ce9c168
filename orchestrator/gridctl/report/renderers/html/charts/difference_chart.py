"""Paired differences: one mark per pair, their mean with its interval, and the line of no difference."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from gridctl.analysis.model import Comparison, ComparisonRow, PairScore, Report
from gridctl.analysis.wording import cut, sentence
from gridctl.report.conditions import pairs_text
from gridctl.report.numbers import interval, signed
from gridctl.report.renderers.html.charts.axes import Scale, span
from gridctl.report.renderers.html.charts.legend import Model, cell_text
from gridctl.report.renderers.html.charts.plot import Plot, Tick

WIDTH = 400
ROW_PX = 40
LONGEST_SIDE, LONGEST_CELL = 19, 24
"""Letters that fit into a picture: for the name at an end of the axis, and for that of a row."""
PAIRS_DRAWN = 60
"""How many pairs are drawn one by one in a row; of more, every n-th in the order of their differences."""


def difference_plots(report: Report, models: Sequence[Model]) -> list[Plot]:
    """One picture per comparison and metric that has a pair."""
    series = {model.name: model.series for model in models}
    return [plot for comparison in report.comparisons for plot in _of(comparison, series, len(report.comparisons) > 1)]


def _of(comparison: Comparison, series: dict[str, int], named: bool) -> Iterator[Plot]:
    by_metric: dict[str, list[ComparisonRow]] = defaultdict(list)
    for row in comparison.rows:
        if row.difference is not None:
            by_metric[row.metric].append(row)
    pairs: dict[tuple[str, float, str], list[PairScore]] = defaultdict(list)
    for pair in comparison.pairs:
        pairs[pair.metric, pair.train_ratio, pair.ablation].append(pair)
    for metric, rows in by_metric.items():
        yield _plot(comparison, metric, rows, pairs, series, named)


def _plot(
    comparison: Comparison,
    metric: str,
    rows: Sequence[ComparisonRow],
    pairs: dict[tuple[str, float, str], list[PairScore]],
    series: dict[str, int],
    named: bool,
) -> Plot:
    of_row = [pairs[metric, row.train_ratio, row.ablation] for row in rows]
    values = [0.0, *(pair.difference for here in of_row for pair in here)]
    values += [value for row in rows for value in (row.ci_low, row.ci_high, row.difference) if value is not None]
    low, high = span(values, margin=0.12)
    height = 64 + ROW_PX * len(rows)
    names = [cut(cell_text(row.train_ratio, row.ablation), LONGEST_CELL) for row in rows]
    left = 18 + 6.6 * max(map(len, names))
    x = Scale(low, high, left, WIDTH - 22)
    y = Scale(0, len(rows), 26, height - 38)
    first, second = _sides(comparison, rows[0])
    ahead = [cut(side, LONGEST_SIDE) for side in ((second, first) if rows[0].higher_is_better else (first, second))]
    subject = f"{comparison.model}: {first} − {second}" if comparison.kind == "ablations" else f"{first} − {second}"
    plot = Plot(
        sentence(rows[0].label) + (f": {subject}" if named else ""),
        "; ".join(_tip(row) for row in rows),
        x,
        y,
        WIDTH,
        height,
        x_sides=(f"{ahead[0]} better", f"{ahead[1]} better"),
        y_ticks=[Tick(y(index + 0.5), name) for index, name in enumerate(names)],
    )
    plot.line([(0, 0), (0, len(rows))], "zero")
    for index, (row, here) in enumerate(zip(rows, of_row, strict=True)):
        _draw(plot, index + 0.5, row, here, series.get(row.model, 0))
    return plot


def _draw(plot: Plot, middle: float, row: ComparisonRow, pairs: Sequence[PairScore], series: int) -> None:
    ordered = sorted(pairs, key=lambda pair: pair.difference)
    for place, pair in enumerate(ordered[:: max(1, -(-len(ordered) // PAIRS_DRAWN))]):
        tip = f"seed {pair.seed}: {pair.model_score:.4f} − {pair.against_score:.4f} = {signed(pair.difference)}"
        plot.dot(pair.difference, middle, series, "faint", tip, radius=2.6, aside=(0, -7 + 3.5 * (place % 3)))
    if row.difference is None:
        return
    winner = "s-mean"
    if row.ci_low is not None and row.ci_high is not None:
        plot.line([(row.ci_low, middle + 0.22), (row.ci_high, middle + 0.22)], f"{winner} interval")
    plot.dot(row.difference, middle + 0.22, 4, f"mean {winner}", _tip(row), radius=4.6)


def _sides(comparison: Comparison, row: ComparisonRow) -> tuple[str, str]:
    if comparison.kind == "ablations":
        return "ablated", row.against_ablation
    return comparison.model, comparison.against


def _tip(row: ComparisonRow) -> str:
    known = f", 95% CI {interval(row.ci_low, row.ci_high)}" if row.ci_low is not None else ""
    return (
        f"{cell_text(row.train_ratio, row.ablation)}: mean {signed(row.difference)}{known}, {pairs_text(row.n_pairs)}"
    )
