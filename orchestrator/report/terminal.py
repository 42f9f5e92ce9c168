"""A report on the terminal."""

from __future__ import annotations

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from orchestrator.console import table
from orchestrator.report.result import Report
from orchestrator.report.sections import Section, conditions, sections


def print_report(report: Report, console: Console) -> None:
    """Print a report; tables keep within 80 columns where the model names are short."""
    parts: list[RenderableType] = [Text(f"warning: {warning}", style="yellow") for warning in report.warnings]
    for section in sections(report):
        parts += [Text(), _drawn(section)]
        parts += [Padding(Text(section.caption, style="dim"), (0, 0, 0, 2))]
        parts += [Padding(Text(note), (0, 0, 0, 2)) for note in section.notes]
    parts += [Text(f"\n{line}", style="yellow") for line in conditions(report)]
    console.print(Group(*parts))


def _drawn(section: Section) -> RenderableType:
    text_columns = {"ablation"}
    numeric = [column for column in section.columns if column not in text_columns]
    drawn = table(*section.columns, numeric=numeric, title=section.title)
    for index, row in enumerate(section.rows):
        drawn.add_row(*row, style="bold green" if index in section.emphasised else "")
    return drawn
