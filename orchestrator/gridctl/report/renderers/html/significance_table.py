"""The tests of a report as rows that can be sorted and filtered, each with its interval drawn."""

from __future__ import annotations

from dataclasses import dataclass

from gridctl.analysis.model import Comparison, ComparisonRow, Report
from gridctl.analysis.wording import is_significant
from gridctl.report.renderers.html.charts.axes import Scale, span
from gridctl.report.renderers.html.charts.legend import cell_text

WIDTH, HEIGHT = 132, 18


@dataclass(frozen=True, slots=True)
class Interval:
    """Positions in px of an interval in a small picture, and the range that the picture spans."""

    low: float
    middle: float
    high: float
    zero: float


@dataclass(frozen=True, slots=True)
class TestRow:
    """One test.

    Attributes:
        comparison: The comparison that it is part of.
        row: Its numbers.
        asked: `gamma_net − unet`, or `gamma_net: no_attention − none`.
        brief: All of its place in a line, for narrow screens and paper: `gamma_net − unet, 30%, no_clahe`.
        significant: Whether its corrected p is at most the level; never of pooled epochs.
        outcome: `better`, `worse`, `equivalent` or `open`, for the filter.
        interval: None without one.
    """

    comparison: Comparison
    row: ComparisonRow
    asked: str
    brief: str
    significant: bool
    outcome: str
    interval: Interval | None


def test_rows(report: Report) -> list[TestRow]:
    """Every row of every comparison, in the order of the report."""
    scales = {metric: _scale(report, metric) for metric in {row.metric for row in _rows(report)}}
    several = len({_asked(comparison, row) for comparison in report.comparisons for row in comparison.rows}) > 1
    found = []
    for comparison in report.comparisons:
        for row in comparison.rows:
            significant = report.unit == "run" and is_significant(row)
            found.append(
                TestRow(
                    comparison,
                    row,
                    _asked(comparison, row),
                    _brief(comparison, row, several),
                    significant,
                    _outcome(row, significant),
                    _interval(row, scales[row.metric]),
                )
            )
    return found


def _rows(report: Report) -> list[ComparisonRow]:
    return [row for comparison in report.comparisons for row in comparison.rows]


def _asked(comparison: Comparison, row: ComparisonRow) -> str:
    if comparison.kind == "ablations":
        return f"{row.model}: {row.ablation} − {row.against_ablation}"
    return f"{row.model} − {row.against}"


def _brief(comparison: Comparison, row: ComparisonRow, several: bool) -> str:
    if several and comparison.kind == "ablations":
        return f"{_asked(comparison, row)}, {cell_text(row.train_ratio, 'none')}"
    cell = cell_text(row.train_ratio, row.ablation)
    return f"{_asked(comparison, row)}, {cell}" if several else cell


def _outcome(row: ComparisonRow, significant: bool) -> str:
    if significant and row.difference is not None:
        return "better" if (row.difference > 0) == row.higher_is_better else "worse"
    return "equivalent" if row.equivalent else "open"


def _scale(report: Report, metric: str) -> Scale:
    rows = [row for row in _rows(report) if row.metric == metric]
    ends = [0.0, *(end for row in rows for end in (row.ci_low, row.ci_high, row.difference) if end is not None)]
    return Scale(*span(ends, least=0.001), 3, WIDTH - 3)


def _interval(row: ComparisonRow, scale: Scale) -> Interval | None:
    if row.difference is None or row.ci_low is None or row.ci_high is None:
        return None
    return Interval(scale(row.ci_low), scale(row.difference), scale(row.ci_high), scale(0))
