"""One table of a report and what is said below it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Section:
    """One table and what is said below it.

    Attributes:
        title: Above it.
        columns: Headings.
        rows: Cells, as many a row as there are columns.
        emphasised: Indices of rows whose difference is significant after correction.
        caption: How to read its numbers.
        notes: What they allow to say.
        text_columns: Headings of columns that hold words.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    emphasised: frozenset[int] = frozenset()
    caption: str = ""
    notes: Sequence[str] = ()
    text_columns: Sequence[str] = ("ablation",)
