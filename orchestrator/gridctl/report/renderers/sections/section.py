"""One table of a report and the notes below it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Section:
    """One table and the notes below it.

    Attributes:
        title: Its title.
        columns: Headings.
        rows: Rows of cells, one cell per column.
        emphasised: Indices of rows whose difference is significant after correction.
        caption: How to read its numbers.
        notes: What may be concluded from them.
        text_columns: Headings of columns that hold words.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    emphasised: frozenset[int] = frozenset()
    caption: str = ""
    notes: Sequence[str] = ()
    text_columns: Sequence[str] = ("ablation",)
