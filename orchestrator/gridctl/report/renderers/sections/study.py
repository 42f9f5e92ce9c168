"""Published studies beside ours, as tables of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gridctl.analysis.model import Report, StudyCell, StudyItem, StudyPoint
from gridctl.report.numbers import MISSING, interval, mean_sd, p_value
from gridctl.report.renderers.sections.section import Section

_EPOCHS_SHOWN = 5


def study_sections(report: Report) -> Iterator[Section]:
    """Every printed table and figure that the experiment reproduces."""
    for item in (item for section in report.studies for item in section.items):
        notes = [f"{item.source}: {item.statement}", f"here: {item.said}", *item.notes]
        if item.x_axis:
            yield from _figure(item, notes)
        else:
            yield _table(item, notes)


def _table(item: StudyItem, notes: Sequence[str]) -> Section:
    tested = any(cell.printed_p or cell.p is not None for cell in item.cells)
    columns = ["", "of", "printed", "epochs", "runs", "n", *(["their p", "p", "Holm"] if tested else [])]
    rows = [_row(cell, tested=tested) for cell in item.cells]
    caption = item.caption + ("; p: ours, paired t over runs" if tested else "")
    return Section(f"{item.item}: {item.title}", columns, rows, caption=caption, notes=notes, text_columns=("", "of"))


def _row(cell: StudyCell, *, tested: bool) -> list[str]:
    alone = cell.printed_mean is not None and cell.printed_sd is None
    digits = f"{cell.printed_mean:.4f}" if alone else mean_sd(cell.printed_mean, cell.printed_sd)
    row = [cell.row, _short(cell.column), digits]
    row += [mean_sd(cell.pooled_mean, cell.pooled_sd), mean_sd(cell.run_mean, cell.run_sd), str(cell.n_runs)]
    return [*row, *([cell.printed_p or MISSING, p_value(cell.p), p_value(cell.p_holm)] if tested else [])]


def _short(column: str) -> str:
    return column.replace("validation", "val.").replace("generalisation", "gen.")


def _figure(item: StudyItem, notes: Sequence[str]) -> Iterator[Section]:
    metrics = list(dict.fromkeys(point.metric for point in item.points))
    if not metrics:
        yield Section(f"{item.item}: {item.title}", [], [], notes=notes)
    for metric in metrics:
        points = [point for point in item.points if point.metric == metric]
        last = metric == metrics[-1]
        title = f"{item.item}: {item.title}" + (f", {points[0].label}" if len(metrics) > 1 else "")
        yield _points(title, item, points, notes if last else ())


def _points(title: str, item: StudyItem, points: Sequence[StudyPoint], notes: Sequence[str]) -> Section:
    models = list(dict.fromkeys(point.model for point in points))
    places = sorted({point.x for point in points})
    by_epoch = item.x_axis == "epoch"
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
    return Section(title, columns, rows, caption=item.caption, notes=notes)
