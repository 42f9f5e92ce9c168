"""A report as tidy rows, one per comparison, for scripts."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

from gridctl.analysis.model import (
    ComparisonRow,
    ModelRank,
    PredictionsRow,
    ProfilePoint,
    PublishedRow,
    Report,
    ScorecardRow,
    Stratum,
    SubgroupDifference,
    SubgroupTest,
    Summary,
    TrendTest,
    TunedModel,
)


def rows(report: Report) -> list[dict[str, Any]]:
    """One row per comparison with `unit` and `score`; one per summary if nothing was compared."""
    told = {"experiment": report.experiment, "unit": report.unit}
    if report.comparisons or report.predictions:
        return [*_of_comparisons(report, told), *_of_predictions(report, told)]
    return [{**told, "score": report.score, **asdict(row)} for row in report.summaries]


def _of_comparisons(report: Report, told: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {**told, "score": "" if report.unit == "epoch" else part.score, "kind": part.kind, **asdict(row)}
        for part in report.comparisons
        for row in part.rows
    ]


def _of_predictions(report: Report, told: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Models against masks: the columns of comparisons as far as they have a meaning over patients, and their own."""
    return [{**told, "score": report.score, "kind": "predictions", **asdict(row)} for row in report.predictions]


def as_csv(report: Report) -> str:
    """The rows as CSV with a heading; what is unknown is empty."""
    tested = bool(report.comparisons or report.predictions)
    told = ["experiment", "unit", "score", *(["kind"] if tested else [])]
    own = [field.name for field in fields(PredictionsRow)] if report.predictions else []
    names = [field.name for field in fields(ComparisonRow if tested else Summary)]
    return _csv(list(dict.fromkeys([*told, *names, *own])), rows(report))


def side_tables(report: Report) -> dict[str, str]:
    """Tables that do not fit into the rows of comparisons, as CSV by file name."""
    trends = [row for part in report.comparisons for row in part.trends]
    tables: dict[str, tuple[type[Any], Sequence[Any]]] = {
        "scorecard.csv": (ScorecardRow, report.scorecard),
        "strata.csv": (Stratum, report.strata),
        "published.csv": (PublishedRow, report.published),
        "tuned.csv": (TunedModel, report.tuned),
        "subgroups.csv": (SubgroupTest, [row for part in report.comparisons for row in part.subgroups]),
        "subgroup_differences.csv": (
            SubgroupDifference,
            [row for part in report.comparisons for row in part.subgroup_differences],
        ),
        "trends.csv": (TrendTest, trends),
        "trend_lines.csv": (TrendLine, [line for row in trends for line in _lines(row)]),
        "ranks.csv": (ModelRank, report.ranks),
        "profiles.csv": (ProfilePoint, report.profiles),
    }
    written = {
        name: _csv([field.name for field in fields(kind) if field.name not in _OF_THEIR_OWN], map(_plain, rows))
        for name, (kind, rows) in tables.items()
        if rows
    }
    trained = [_flat(asdict(row)) for row in report.trained]
    columns = list(dict.fromkeys(name for row in trained for name in row))
    return written | ({"trained.csv": _csv(columns, trained)} if trained else {})


@dataclass(frozen=True, slots=True)
class TrendLine:
    """A row of `trend_lines.csv`: a mean lead, or the fitted line, at one train ratio."""

    metric: str
    model: str
    against: str
    kind: str
    train_ratio: float
    lead: float
    low: float | None
    high: float | None


def _lines(row: TrendTest) -> Iterator[TrendLine]:
    for kind, points in (("mean", row.points), ("fitted", row.line)):
        for point in points:
            yield TrendLine(
                row.metric, row.model, row.against, kind, point.train_ratio, point.lead, point.low, point.high
            )


_OF_THEIR_OWN: Final = ("points", "line")
"""Of a trend, what has rows of a table of its own."""


def _plain(row: Any) -> dict[str, Any]:
    return {name: value for name, value in asdict(row).items() if name not in _OF_THEIR_OWN}


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with each mapping as columns of its own: `patients_train`, `batch_size`."""
    flat: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, Mapping):
            flat |= {key if name == "settings" else f"{name}_{key}": item for key, item in value.items()}
        else:
            flat[name] = " ".join(value) if name == "differs" else value
    return flat


def _csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def as_json(report: Report) -> str:
    """The whole report as JSON, attribute names as keys; unknown values are null.

    `comparisons` has one object per row, with what `Comparison` says of all its rows; pairs left
    out, unlike pairs, scores of pairs and tests over the whole grid are lists of their own.
    """
    told = {"experiment": report.experiment, "unit": report.unit, "score": report.score}
    content = {
        **told,
        "headlines": list(report.headlines),
        "summaries": [asdict(row) for row in report.summaries],
        "aggregates": [asdict(row) for row in report.aggregates],
        "comparisons": _of_comparisons(report, {"experiment": report.experiment, "unit": report.unit}),
        "predictions": _of_predictions(report, {"experiment": report.experiment, "unit": report.unit}),
        "overall": [asdict(row) for part in report.comparisons for row in part.overall],
        "trends": [asdict(row) for part in report.comparisons for row in part.trends],
        "interactions": [asdict(row) for part in report.comparisons for row in part.interactions],
        "subgroups": [asdict(row) for part in report.comparisons for row in part.subgroups],
        "subgroup_differences": [asdict(row) for part in report.comparisons for row in part.subgroup_differences],
        "ranks": [asdict(row) for row in report.ranks],
        "profiles": [asdict(row) for row in report.profiles],
        "measures": [asdict(measure) for measure in report.measures.values()],
        "families": [asdict(family) for family in report.families],
        "pairs": _of_parts(report, "pairs"),
        "dropped_pairs": _of_parts(report, "dropped"),
        "unlike_pairs": _of_parts(report, "unlike"),
        "studies": [asdict(section) for section in report.studies],
        "scorecard": [asdict(row) for row in report.scorecard],
        "published_scores": [asdict(row) for row in report.published],
        "unpublished": dict(report.unpublished),
        "strata": [asdict(row) for row in report.strata],
        "trained": [asdict(row) for row in report.trained],
        "tuned": [asdict(row) for row in report.tuned],
        "provenance": asdict(report.provenance),
        "warnings": list(report.warnings),
    }
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)


def _of_parts(report: Report, name: str) -> list[dict[str, Any]]:
    """One list of every comparison, each item with what it belongs to."""
    return [
        {"kind": part.kind, "model": part.model, "against": part.against, **asdict(item)}
        for part in report.comparisons
        for item in getattr(part, name)
    ]
