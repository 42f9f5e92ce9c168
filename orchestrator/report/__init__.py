"""What an experiment came to: tests, tables, words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.report.build import Question, build_report
from orchestrator.report.result import Report

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Question", "Report", "build_report", "render"]


def render(report: Report, output_format: str, console: Console) -> str:
    """Write a report.

    Args:
        report: What to write.
        output_format: `table` is drawn on the console; `markdown`, `csv` and `json` are text.
        console: For `table`.

    Returns:
        The text; empty for `table`.
    """
    if output_format == "table":
        from orchestrator.report.terminal import print_report

        print_report(report, console)
        return ""
    if output_format == "markdown":
        from orchestrator.report.markdown import as_markdown

        return as_markdown(report)
    from orchestrator.report.tidy import as_csv, as_json

    return as_csv(report) if output_format == "csv" else as_json(report)
