"""A report as tidy rows: one a comparison, for scripts."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict, fields
from typing import Any

from orchestrator.report.result import ComparisonRow, Report, Summary


def rows(report: Report) -> list[dict[str, Any]]:
    """One row a comparison with `unit` and `score`; one a summary if nothing was compared."""
    told = {"experiment": report.experiment, "unit": report.unit}
    if report.comparisons:
        return [
            {**told, "score": "" if report.unit == "epoch" else part.score, **asdict(row)}
            for part in report.comparisons
            for row in part.rows
        ]
    return [{**told, "score": report.score, **asdict(row)} for row in report.summaries]


def as_csv(report: Report) -> str:
    """The rows as CSV with a heading; what is unknown is empty."""
    kind = ComparisonRow if report.comparisons else Summary
    columns = ["experiment", "unit", "score", *(field.name for field in fields(kind))]
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows(report))
    return buffer.getvalue()


def as_json(report: Report) -> str:
    """The rows with summaries, pairs left out, unlike pairs and warnings; what is unknown is null."""
    content = {
        "experiment": report.experiment,
        "unit": report.unit,
        "score": report.score,
        "summaries": [asdict(row) for row in report.summaries],
        "comparisons": rows(report) if report.comparisons else [],
        "dropped_pairs": [
            {"model": part.model, "against": part.against, **asdict(pair)}
            for part in report.comparisons
            for pair in part.dropped
        ],
        "unlike_pairs": [
            {"model": part.model, "against": part.against, **asdict(pair)}
            for part in report.comparisons
            for pair in part.unlike
        ],
        "warnings": list(report.warnings),
    }
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
