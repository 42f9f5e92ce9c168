"""A report as Markdown, for a pull request or a lab notebook."""

from __future__ import annotations

from gridctl.analysis.model import Report
from gridctl.report.conditions import conditions
from gridctl.report.methods import methods
from gridctl.report.renderers.sections.all_sections import all_sections
from gridctl.report.renderers.sections.comparisons import definitions, footer
from gridctl.report.renderers.sections.section import Section
from gridctl.report.renderers.unbroken import unbroken


def as_markdown(report: Report) -> str:
    """The same tables as on the terminal; significant differences are bold."""
    parts = [f"# {report.experiment}", *(f"> **Warning:** {_escaped(warning)}" for warning in report.warnings)]
    if report.headlines:
        parts.append("\n".join(f"- {_escaped(line)}" for line in report.headlines))
    parts += [_escaped(f"{label}: {definition}") for label, definition in definitions(report).items()]
    for section in all_sections(report):
        parts.append(f"## {_escaped(section.title)}")
        if section.columns:
            parts += [_table(section), _escaped(section.caption)]
        if section.notes:
            parts.append("\n".join(f"- {_escaped(note)}" for note in section.notes))
    if said := [f"- {_escaped(line)}" for line in methods(report)]:
        parts += ["## How it was tested", "\n".join(said)]
    parts += [_escaped(line) for line in (*conditions(report), footer(report))]
    return "\n\n".join(parts) + "\n"


def _table(section: Section) -> str:
    lines = ["| " + " | ".join(_escaped(column) for column in section.columns) + " |"]
    lines.append(
        "|" + "|".join(" --- " if column in section.text_columns else " ---: " for column in section.columns) + "|"
    )
    for index, row in enumerate(section.rows):
        cells = [f"**{_escaped(cell)}**" if index in section.emphasised else _escaped(cell) for cell in row]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _escaped(text: str) -> str:
    for character in "\\|*_<`":
        text = text.replace(character, f"\\{character}")
    return unbroken(text.replace("\n", " "))
