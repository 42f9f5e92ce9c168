"""A report as headed tables of text: what the terminal and Markdown both show."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from orchestrator.report.numbers import effect, interval, mean_sd, p_value, signed
from orchestrator.report.pairs import DroppedPair, UnlikePair
from orchestrator.report.result import Comparison, ComparisonRow, Report, Summary
from orchestrator.report.wording import LEVEL, is_higher_better

METRIC_NAMES = {
    "validation_dice": "validation Dice",
    "generalisation_dice": "generalisation Dice",
    "validation_bce": "validation cross-entropy",
    "generalisation_bce": "generalisation cross-entropy",
}


@dataclass(frozen=True, slots=True)
class Section:
    """One table and what is said below it.

    Attributes:
        title: Above it.
        columns: Headings.
        rows: Cells, as many a row as there are columns.
        emphasised: Indices of rows whose difference is significant after correction.
        caption: How to read its numbers.
        notes: What they allow to say.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    emphasised: frozenset[int] = frozenset()
    caption: str = ""
    notes: Sequence[str] = ()


def sections(report: Report) -> Iterator[Section]:
    """All tables of a report, in the order of reading."""
    if not report.comparisons:
        by_metric: dict[str, list[Summary]] = defaultdict(list)
        for summary in report.summaries:
            by_metric[summary.metric].append(summary)
        for metric, summaries in by_metric.items():
            yield _summary(report, metric, summaries)
    for comparison in report.comparisons:
        rows: dict[str, list[ComparisonRow]] = defaultdict(list)
        for row in comparison.rows:
            rows[row.metric].append(row)
        for metric, family in rows.items():
            yield _comparison(report, comparison, metric, family)


def conditions(report: Report) -> Iterator[str]:
    """What must be known of the pairs: those left out, those unlike."""
    for comparison in report.comparisons:
        name = f"{comparison.model} against {comparison.against}"
        if comparison.dropped:
            said = _grouped((pair.reason, f"{_cell(pair)}, seed {pair.seed}") for pair in comparison.dropped)
            yield f"{name}: {len(comparison.dropped)} pairs left out: {said}"
        if comparison.unlike:
            said = _grouped((pair.said, f"{_cell(pair)}, seed {pair.seed}") for pair in comparison.unlike)
            yield f"{name}: {len(comparison.unlike)} pairs differ in more than the model: {said}"


def _cell(row: ComparisonRow | DroppedPair | UnlikePair) -> str:
    return f"ratio {row.train_ratio:g}" + ("" if row.ablation == "none" else f", {row.ablation}")


def _grouped(items: Iterator[tuple[str, str]]) -> str:
    """Each reason once, with the first of its pairs and the number of others."""
    where: dict[str, list[str]] = defaultdict(list)
    for reason, place in items:
        where[reason].append(place)
    return "; ".join(
        f"{reason} ({places[0]}{f' and {len(places) - 1} more' if len(places) > 1 else ''})"
        for reason, places in where.items()
    )


def _observations(report: Report, score: str) -> str:
    if report.unit == "epoch":
        return "every epoch of every run is one observation"
    named = {
        "final": "that of its final epoch",
        "best": "that of its epoch of best validation Dice",
        "mean": "the mean of all its epochs",
    }
    return f"a run's score is {named.get(score) or f'the mean of its last {score[5:]} epochs'}"


def _summary(report: Report, metric: str, summaries: Sequence[Summary]) -> Section:
    cells: dict[tuple[float, str], dict[str, Summary]] = defaultdict(dict)
    for summary in summaries:
        cells[summary.train_ratio, summary.ablation][summary.model] = summary
    models = list(dict.fromkeys(summary.model for summary in summaries))
    ablated = any(summary.ablation != "none" for summary in summaries)
    rows = []
    for (ratio, ablation), of_cell in cells.items():
        row = [f"{ratio:g}", *([ablation] if ablated else [])]
        for model in models:
            row += [mean_sd(of_cell[model].mean, of_cell[model].sd), str(of_cell[model].n)]
        rows.append(row)
    columns = ["ratio", *(["ablation"] if ablated else [])]
    for model in models:
        columns += [model, "n"]
    caption = f"mean (sd) over n {report.unit}s; {_observations(report, report.score)}"
    return Section(f"{METRIC_NAMES[metric]} ({_better(metric)} is better)", columns, rows, caption=caption)


def _comparison(report: Report, comparison: Comparison, metric: str, family: Sequence[ComparisonRow]) -> Section:
    ablated = any(row.ablation != "none" for row in family)
    columns = ["ratio", *(["ablation"] if ablated else []), comparison.model, comparison.against]
    columns += ["diff.", "95% CI", "p", "Holm", "g", "n"]
    rows = []
    for row in family:
        cells = [f"{row.train_ratio:g}", *([row.ablation] if ablated else [])]
        cells += [mean_sd(row.model_mean, row.model_sd), mean_sd(row.against_mean, row.against_sd)]
        cells += [signed(row.difference), interval(row.ci_low, row.ci_high)]
        cells += [p_value(row.p), p_value(row.p_holm), effect(row.hedges_g_av), str(row.n_pairs)]
        rows.append(cells)
    emphasised = frozenset(
        index
        for index, row in enumerate(family)
        if report.unit == "run" and row.p_holm is not None and row.p_holm <= LEVEL
    )
    title = f"{METRIC_NAMES[metric]}, {comparison.model} against {comparison.against} ({_better(metric)} is better)"
    notes = [f"{_cell(row)}: {row.verdict}" for row in family]
    return Section(title, columns, rows, emphasised, _caption(report, comparison, family), notes)


def _better(metric: str) -> str:
    return "higher" if is_higher_better(metric) else "lower"


def _caption(report: Report, comparison: Comparison, family: Sequence[ComparisonRow]) -> str:
    size = family[0].family_size
    tests = f"paired t, p after Holm over {size} {'test' if size == 1 else 'tests'}; " if size else ""
    return f"mean (sd) over n pairs; {_observations(report, comparison.score)}; {tests}g: Hedges' g_av"
