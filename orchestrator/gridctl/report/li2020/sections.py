"""The thesis beside ours, as tables of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gridctl.report.model import FigurePoint, Report, ThesisCell, ThesisItem
from gridctl.report.numbers import MISSING, interval, mean_sd, p_value
from gridctl.report.renderers.sections import Section
from gridctl.report.wording import METRIC_NAMES

_EPOCHS_SHOWN = 5


def thesis_sections(report: Report) -> Iterator[Section]:
    """Every printed table and figure that the experiment reproduces."""
    for item in report.thesis:
        notes = [f"the thesis: {item.statement}", f"here: {item.said}"]
        if item.cells:
            yield _table(item, notes)
        else:
            yield from _figure(item, notes)


def _table(item: ThesisItem, notes: Sequence[str]) -> Section:
    tested = any(cell.printed_p or cell.p is not None for cell in item.cells)
    columns = ["", "of", "printed", "epochs", "runs", "n", *(["their p", "p", "Holm"] if tested else [])]
    rows = [_row(cell, tested=tested) for cell in item.cells]
    caption = (
        "mean (sd); printed, and ours over all epochs of all runs as the printed are; runs: ours over n runs"
        if item.item != "table 5.6"
        else "printed: best epoch of one run; epochs: mean (sd) of all of ours; runs: of the best epochs of n runs"
    )
    caption += "; p: ours, paired t over runs" if tested else ""
    return Section(f"{item.item}: {item.title}", columns, rows, caption=caption, notes=notes, text_columns=("", "of"))


def _row(cell: ThesisCell, *, tested: bool) -> list[str]:
    digits = f"{cell.printed_mean:.4f}" if cell.printed_sd is None else mean_sd(cell.printed_mean, cell.printed_sd)
    row = [cell.row, _short(cell.column), digits]
    row += [mean_sd(cell.pooled_mean, cell.pooled_sd), mean_sd(cell.run_mean, cell.run_sd), str(cell.n_runs)]
    return [*row, *([cell.printed_p or MISSING, p_value(cell.p), p_value(cell.p_holm)] if tested else [])]


def _short(column: str) -> str:
    return column.replace("validation", "val.").replace("generalisation", "gen.")


def _figure(item: ThesisItem, notes: Sequence[str]) -> Iterator[Section]:
    metrics = list(dict.fromkeys(point.metric for point in item.points))
    if not metrics:
        yield Section(f"{item.item}: {item.title}", [], [], notes=notes)
    for metric in metrics:
        points = [point for point in item.points if point.metric == metric]
        last = metric == metrics[-1]
        title = f"{item.item}: {item.title}" + (f", {METRIC_NAMES[metric]}" if len(metrics) > 1 else "")
        yield _points(title, item, points, notes if last else ())


def _points(title: str, item: ThesisItem, points: Sequence[FigurePoint], notes: Sequence[str]) -> Section:
    models = list(dict.fromkeys(point.model for point in points))
    places = sorted({point.x for point in points})
    by_epoch = item.item == "figure 5.3"
    if by_epoch and len(places) > _EPOCHS_SHOWN:
        step = (len(places) - 1) / (_EPOCHS_SHOWN - 1)
        places = [places[round(step * index)] for index in range(_EPOCHS_SHOWN)]
    at = {(point.model, point.x): point for point in points}
    rows = []
    for x in places:
        row = [f"{x:g}"]
        for model in models:
            point = at.get((model, x))
            row += [f"{point.mean:.3f}", interval(point.ci_low, point.ci_high)] if point else [MISSING, MISSING]
        rows.append(row)
    columns = ["epoch" if by_epoch else "ratio"]
    for model in models:
        columns += [model, "95% CI"]
    return Section(title, columns, rows, caption="mean over runs with its t interval", notes=notes)
