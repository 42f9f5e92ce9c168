"""The scorecard as tables of text: scores of cases beside published ones, and what was trained."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from gridctl.analysis.model import PublishedRow, Report, ScorecardRow, TrainedModel
from gridctl.analysis.scorecards.scorecard import DISTANCES
from gridctl.report.numbers import MISSING
from gridctl.report.renderers.scorecard_columns import BY_POSITION, FUNCTION, OVERLAP_AND_DISTANCES
from gridctl.report.renderers.sections.section import Section
from gridctl.report.scope import key_of_time_points
from gridctl.report.scorecard import comparable, selected_on, short_unit, shown_value, time_points
from gridctl.terminal.console import count


def scorecard_sections(report: Report) -> Iterator[Section]:
    """A table of overlap and distances and one of volumes for each set and structure."""
    by_place: dict[tuple[str, str], list[ScorecardRow]] = defaultdict(list)
    for row in report.scorecard:
        by_place[row.set, row.structure].append(row)
    unsaid = dict(report.unpublished)
    for (set_name, structure), rows in by_place.items():
        printed = [row for row in report.published if (row.set, row.structure) == (set_name, structure)]
        first = [row for row in rows if row.metric in OVERLAP_AND_DISTANCES]
        if first:
            left_out = unsaid.pop(set_name, "")  # said once
            section = _overlap(report, set_name, structure, first, printed)
            yield replace(section, notes=[*section.notes, left_out]) if left_out else section
        if third := [row for row in rows if row.metric in BY_POSITION]:
            yield _by_position(report, set_name, structure, third)
        second = [row for row in rows if row.metric in FUNCTION]
        if second:
            yield _function(report, set_name, structure, second, printed)


def _by_position(report: Report, set_name: str, structure: str, rows: Sequence[ScorecardRow]) -> Section:
    """In-plane HD95 of the basal, middle and apical third of the slices in which the truth has the structure."""
    ablated = any(row.ablation != "none" for row in rows)
    at = {(row.train_ratio, row.ablation, row.model, row.time_point, row.metric): row for row in rows}
    table = []
    for ratio, ablation, model in dict.fromkeys((row.train_ratio, row.ablation, row.model) for row in rows):
        for time_point in time_points(rows):
            found = [at.get((ratio, ablation, model, time_point, name)) for name in BY_POSITION]
            if any(found):
                line = [f"{ratio:g}", *([ablation] if ablated else []), model, time_point or MISSING]
                table.append([*line, *map(_mean_sd, found)])
    columns = ["ratio", *(["ablation"] if ablated else []), "model", "time", *BY_POSITION.values()]
    return Section(
        f"In-plane HD95 by slice position: {_place(report, set_name, structure)} (mm)",
        columns,
        table,
        caption=_with_key(
            "mean (sd between cases) of each run's cases, mean over runs; thirds of the slices that the truth has", rows
        ),
        text_columns=("ablation", "model", "time"),
    )


def training_sections(report: Report) -> Iterator[Section]:
    """What was trained, one row per model and cell; differences between the models of a cell are starred."""
    if not report.trained:
        return
    ablated = any(row.ablation != "none" for row in report.trained)
    names = ("batch_size", "learning_rate", "epochs")
    columns = ["ratio", *(["ablation"] if ablated else []), "model", "updates", "batch", "rate", "epochs"]
    columns += ["parameters", "patients", "images"]
    rows = []
    for row in report.trained:
        cells = [f"{row.train_ratio:g}", *([row.ablation] if ablated else []), row.model]
        cells.append(_starred(row, "updates", _whole(row.updates)))
        cells += [_starred(row, name, f"{row.settings[name]:g}" if name in row.settings else MISSING) for name in names]
        cells.append(_starred(row, "parameters", _whole(row.parameters)))
        cells += [_starred(row, "patients", _parts(row.patients)), _starred(row, "images", _parts(row.images))]
        rows.append(cells)
    others = dict.fromkeys(name for row in report.trained for name in row.differs if name not in _SHOWN)
    notes = [_difference(report.trained, name) for name in others]
    caption = (
        "*: not the same for all models of a cell; updates: optimizer steps of a run; patients and images: trained on "
        "+ validated on, mean over runs"
    )
    yield Section("What was trained", columns, rows, caption=caption, notes=notes, text_columns=("ablation", "model"))


_SHOWN: Final = ("updates", "batch_size", "learning_rate", "epochs", "parameters", "patients", "images")


def _overlap(
    report: Report, set_name: str, structure: str, rows: Sequence[ScorecardRow], printed: Sequence[PublishedRow]
) -> Section:
    metrics = [name for name in OVERLAP_AND_DISTANCES if any(row.metric == name for row in rows)]
    ablated = any(row.ablation != "none" for row in rows)
    labels = {row.metric: row.label + (f" ({row.unit})" if row.unit else "") for row in rows}
    columns = ["ratio", *(["ablation"] if ablated else []), "model", "time", *(labels[name] for name in metrics), "n"]
    table = []
    at = {(row.train_ratio, row.ablation, row.model, row.time_point, row.metric): row for row in rows}
    cells = dict.fromkeys((row.train_ratio, row.ablation, row.model) for row in rows)
    for ratio, ablation, model in cells:
        for time_point in time_points(rows):
            found = [at.get((ratio, ablation, model, time_point, name)) for name in metrics]
            known = next((row for row in found if row is not None), None)
            if known is not None:
                line = [f"{ratio:g}", *([ablation] if ablated else []), model, time_point or MISSING]
                table.append([*line, *map(_mean_sd, found), str(known.patients)])
    for method in dict.fromkeys(row.method for row in printed):
        of_method = {(row.time_point, row.metric): row for row in printed if row.method == method}
        for time_point in time_points(rows):
            values = [of_method.get((time_point, name)) for name in metrics]
            if any(values):
                line = [MISSING, *([MISSING] if ablated else []), method, time_point]
                table.append(
                    [
                        *line,
                        *(MISSING if row is None else shown_value(row.metric, row.value) for row in values),
                        MISSING,
                    ]
                )
    caption = _with_key("mean (sd between cases) of each run's cases, mean over runs; n: distinct patients", rows)
    title = f"Scorecard: {_place(report, set_name, structure)}"
    notes = [*_emptiness(rows), *_published_notes(printed, set_name, rows)]
    return Section(title, columns, table, caption=caption, notes=notes, text_columns=("ablation", "model", "time"))


def _function(
    report: Report, set_name: str, structure: str, rows: Sequence[ScorecardRow], printed: Sequence[PublishedRow]
) -> Section:
    metrics = [name for name in FUNCTION if any(row.metric == name for row in rows)]
    units = {row.metric: row.unit for row in rows}
    ablated = any(row.ablation != "none" for row in rows)
    columns = ["ratio", *(["ablation"] if ablated else []), "model"]
    columns += [FUNCTION[name] + (f" ({short_unit(units[name])})" if units[name] else "") for name in metrics]
    at = {(row.train_ratio, row.ablation, row.model, row.metric): row for row in rows}
    table = []
    for ratio, ablation, model in dict.fromkeys((row.train_ratio, row.ablation, row.model) for row in rows):
        found = [at.get((ratio, ablation, model, name)) for name in metrics]
        table.append([f"{ratio:g}", *([ablation] if ablated else []), model, *map(_mean_sd, found)])
    for method in dict.fromkeys(row.method for row in printed):
        of_method = {row.metric: row for row in printed if row.method == method}
        if any(name in of_method for name in metrics):
            values = [of_method.get(name) for name in metrics]
            shown = [MISSING if row is None else _number_sd(row.metric, row.value, row.sd) for row in values]
            table.append([MISSING, *([MISSING] if ablated else []), method, *shown])
    caption = "mean (sd between patients) of predicted minus true, of each run's patients, mean over runs"
    title = f"Volumes and function: {_place(report, set_name, structure)}"
    lost = sum(row.undefined for row in rows if row.metric == metrics[0])
    notes = [f"{count(lost, 'patient')} of all runs without a value"] if lost else []
    shown_printed = [row for row in printed if row.metric in metrics]
    notes += _published_notes(shown_printed, set_name, rows)
    return Section(title, columns, table, caption=caption, notes=notes, text_columns=("ablation", "model"))


def _with_key(caption: str, rows: Sequence[ScorecardRow]) -> str:
    """A caption that says what the time points of a table are."""
    key = key_of_time_points([row.time_point for row in rows])
    return f"{caption}; {key}" if key else caption


def _place(report: Report, set_name: str, structure: str) -> str:
    words = f"{set_name}, {structure.replace('_', ' ')}" if structure else set_name
    return f"{words}{selected_on(report.score, set_name, report.tuned[0].set if report.tuned else None)}"


def _emptiness(rows: Sequence[ScorecardRow]) -> Iterator[str]:
    first = [row for row in rows if row.metric == rows[0].metric]
    if undefined := sum(row.undefined for row in first):
        verb = "has" if undefined == 1 else "have"
        yield f"{count(undefined, 'case')} of all runs {verb} no {first[0].label}: both masks are empty"
    for row in rows:
        if row.metric in DISTANCES and row.one_empty and row.median is not None:
            yield (
                f"{row.model}, ratio {row.train_ratio:g}, {row.time_point}: {count(row.one_empty, 'case')} of "
                f"{count(row.runs, 'run')} with one mask empty, whose {row.label} is the volume's diagonal; median "
                f"{shown_value(row.metric, row.median)} {row.unit}"
            )


def _published_notes(printed: Sequence[PublishedRow], set_name: str, rows: Sequence[ScorecardRow]) -> Iterator[str]:
    for source in dict.fromkeys(row.source for row in printed):
        of = next(row for row in printed if row.source == source)
        methods = ", ".join(dict.fromkeys(row.method for row in printed if row.source == source))
        most = max(row.patients for row in rows)
        yield f"{methods}: as printed in {source}, of {of.of}; {comparable(set_name, most)}"


def _mean_sd(row: ScorecardRow | None) -> str:
    return MISSING if row is None or row.mean is None else _number_sd(row.metric, row.mean, row.sd)


def _number_sd(metric: str, value: float, sd: float | None) -> str:
    return shown_value(metric, value) + (f" ({shown_value(metric, sd)})" if sd is not None else "")


def _starred(row: TrainedModel, name: str, text: str) -> str:
    return f"{text}*" if name in row.differs else text


def _whole(value: float | None) -> str:
    return MISSING if value is None else f"{value:,.0f}"


def _parts(sizes: dict[str, float] | object) -> str:
    found = dict(sizes) if isinstance(sizes, dict) else {}
    return "+".join(f"{found[name]:,.0f}" for name in ("train", "validation") if name in found) or MISSING


def _difference(trained: Sequence[TrainedModel], name: str) -> str:
    values = {row.model: row.settings.get(name) for row in trained}
    return f"{name} differs: " + ", ".join(f"{model} {value}" for model, value in values.items())
