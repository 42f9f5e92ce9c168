"""The report of an experiment: its tests and tables, and what they mean in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gridctl.analysis.model import Report
from gridctl.analysis.request import ReportRequest
from gridctl.report.build import build_report

if TYPE_CHECKING:
    from rich.console import Console

    from gridctl.collection.collect import Collected
    from gridctl.experiment import Experiment
    from gridctl.runs.standing import Standing
    from gridctl_trainer.storage.base import Store

__all__ = ["FILES", "Report", "ReportRequest", "Source", "build_report", "render"]

FILES: Final = {
    "table": "report.txt",
    "markdown": "report.md",
    "latex": "report.tex",
    "csv": "report.csv",
    "json": "report.json",
    "html": "report.html",
}
"""File name of a report in a folder, by format."""


@dataclass(frozen=True, slots=True)
class Source:
    """What a report was made from; the page shows more of it than the tables do.

    Attributes:
        folder: Where the report will be written; None if it is printed.
        request: What it was asked.
        standings: State of every run, by run id; None if only the store was asked.
    """

    experiment: Experiment
    tables: Collected
    store: Store
    folder: Path | None = None
    request: ReportRequest | None = None
    standings: Mapping[str, Standing] | None = None


def render(report: Report, output_format: str, console: Console, source: Source | None = None) -> str:
    """Write a report.

    Args:
        report: What to write.
        output_format: One of `FILES`. `table` is drawn on the console; the others are text.
        console: For `table`.
        source: For `html`.

    Returns:
        The text; empty for `table`.
    """
    if output_format == "table":
        from gridctl.report.renderers.terminal import print_report

        print_report(report, console)
        return ""
    if output_format == "markdown":
        from gridctl.report.renderers.markdown import as_markdown

        return as_markdown(report)
    if output_format == "latex":
        from gridctl.report.renderers.latex import as_latex

        return as_latex(report)
    if output_format == "html":
        from gridctl.report.renderers.html import render_page

        assert source is not None
        return render_page(
            report,
            source.experiment,
            source.tables,
            source.store,
            source.folder,
            request=source.request,
            standings=source.standings,
        )
    from gridctl.report.renderers.csv_and_json import as_csv, as_json

    return as_csv(report) if output_format == "csv" else as_json(report)
