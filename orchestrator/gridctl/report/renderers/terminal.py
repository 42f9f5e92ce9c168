"""A report on the terminal."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from rich import box
from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from gridctl.analysis.model import Report
from gridctl.report.conditions import conditions
from gridctl.report.renderers.sections.all_sections import all_sections
from gridctl.report.renderers.sections.comparisons import definitions, footer
from gridctl.report.renderers.sections.section import Section
from gridctl.terminal.tables import Column, entries

_LEADING_ZERO: Final = re.compile(r"(?<![\d.])0(?=\.\d)")
_ENDLESS: Final = 10_000
_UNBROKEN: Final = (
    "ratio",
    "epoch",
    "p",
    "their p",
    "Holm",
    "BH",
    "g",
    "g_av",
    "g_z",
    "n",
    "flips",
    "ranks",
    "diff.",
    "TOST",
    "ROPE",
)
"""Columns too short to wrap; the others wrap if even bare numbers are too wide."""


def print_report(report: Report, console: Console) -> None:
    """Print a report.

    A table too wide for the terminal loses its leading zeros, then its gaps, then wraps cells between words, and
    becomes a list if words are too long; it never loses digits.
    """
    for warning in report.warnings:
        console.print(Text(f"warning: {warning}", style="yellow"))
    for line in report.headlines:
        console.print(Text(line, style="bold"))
    for label, definition in definitions(report).items():
        console.print(Text(f"{label}: {definition}", style="dim"))
    captions = set()
    for section in all_sections(report):
        console.print(Text(f"\n{section.title}", style="bold"))
        if section.columns:
            console.print(_table(section, console))
            if section.caption not in captions:
                console.print(Text(f"\n{section.caption}", style="dim"))
            captions.add(section.caption)
        for note in section.notes:
            console.print(Text(f"• {note}"))
    for line in conditions(report):
        console.print(Text(f"\n{line}", style="yellow"))
    console.print(Text(f"\n{footer(report)}", style="dim"))


def _table(section: Section, console: Console) -> RenderableType:
    """The first of three layouts that fits; else the narrowest, which wraps cells between words; else a list."""
    for written, gap in ((str, 1), (_bare, 1), (_bare, 0)):
        drawn = _drawn(section, written, gap)
        if Measurement.get(console, console.options.update(max_width=_ENDLESS), drawn).maximum <= console.width:
            return drawn
    widths = _widths(section, console.width)
    return _drawn(section, _bare, 0, widths) if widths else Group(*_entries(section))


def _widths(section: Section, room: int) -> list[int] | None:
    """Widths of columns whose cells wrap between words, at least the longest word each; None if they do not fit."""
    least, most = [], []
    for index, heading in enumerate(section.columns):
        cells = [heading, *(_bare(row[index]) for row in section.rows)]
        most.append(max(map(cell_len, cells)))
        words = (word for cell in cells for word in cell.split())
        least.append(most[-1] if heading in _UNBROKEN else max(map(cell_len, words), default=0))
    left = room - sum(least) - (len(least) - 1)  # a blank between two columns
    if left < 0:
        return None
    for index in sorted(range(len(least)), key=lambda index: most[index] - least[index]):
        more = min(left, most[index] - least[index])
        least[index] += more
        left -= more
    return least


def _entries(section: Section) -> Iterator[RenderableType]:
    """Named by the first column and those of text."""
    columns = [
        Column(heading, names_row=not index or heading in section.text_columns)
        for index, heading in enumerate(section.columns)
    ]
    rows = [
        ([Text(cell) for cell in row], "bold green" if index in section.emphasised else "")
        for index, row in enumerate(section.rows)
    ]
    return entries(columns, rows)


def _bare(text: str) -> str:
    return _LEADING_ZERO.sub("", text)


def _drawn(section: Section, written: Callable[[str], str], gap: int, widths: Sequence[int] | None = None) -> Table:
    drawn = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, gap, 0, 0))
    for index, column in enumerate(section.columns):
        justify = "left" if column in section.text_columns else "right"
        drawn.add_column(
            column,
            justify=justify,  # type: ignore[arg-type]
            no_wrap=column in _UNBROKEN,
            overflow="fold",
            width=widths[index] if widths else None,
        )
    for index, row in enumerate(section.rows):
        drawn.add_row(*map(written, row), style="bold green" if index in section.emphasised else "")
    return drawn
