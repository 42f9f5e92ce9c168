"""A report on the terminal."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from rich import box
from rich.console import Console, RenderableType
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from orchestrator.report.conditions import conditions
from orchestrator.report.result import Report
from orchestrator.report.sections import Section, footer, sections
from orchestrator.report.thesis_sections import thesis_sections

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
)
"""Columns too short to break; the others break where even bare numbers are too wide."""


def print_report(report: Report, console: Console) -> None:
    """Print a report.

    A table too wide for the terminal loses its leading zeros, then its gaps, then breaks cells; never digits.
    """
    for warning in report.warnings:
        console.print(Text(f"warning: {warning}", style="yellow"))
    for line in report.headlines:
        console.print(Text(line, style="bold"))
    captions = set()
    for section in (*sections(report), *thesis_sections(report)):
        console.print(Text(f"\n{section.title}", style="bold"))
        if section.columns:
            console.print(_table(section, console))
            if section.caption not in captions:
                console.print(Padding(Text(section.caption, style="dim"), (1, 0, 0, 0)))
            captions.add(section.caption)
        for note in section.notes:
            console.print(Text(f"• {note}"))
    for line in conditions(report):
        console.print(Text(f"\n{line}", style="yellow"))
    console.print(Text(f"\n{footer(report)}", style="dim"))


def _table(section: Section, console: Console) -> RenderableType:
    """The first of three drawings that fits; else the narrowest, which breaks cells."""
    for written, gap in ((str, 1), (_bare, 1), (_bare, 0)):
        drawn = _drawn(section, written, gap)
        if Measurement.get(console, console.options.update(max_width=_ENDLESS), drawn).maximum <= console.width:
            break
    return drawn


def _bare(text: str) -> str:
    return _LEADING_ZERO.sub("", text)


def _drawn(section: Section, written: Callable[[str], str], gap: int) -> Table:
    drawn = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, gap, 0, 0))
    for column in section.columns:
        justify = "left" if column in section.text_columns else "right"
        drawn.add_column(column, justify=justify, no_wrap=column in _UNBROKEN, overflow="fold")  # type: ignore[arg-type]
    for index, row in enumerate(section.rows):
        drawn.add_row(*map(written, row), style="bold green" if index in section.emphasised else "")
    return drawn
