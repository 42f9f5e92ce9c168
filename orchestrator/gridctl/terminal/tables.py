"""Tables for terminals of any width: columns are dropped in a declared order and named; no cell is ever truncated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rich import box
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

_ENDLESS: Final = 10_000
_HEADER_LINES: Final = 2
_LEFT_FREE_LINES: Final = 3
"""Lines of a screen for the prompt and for what follows a table."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column.

    Attributes:
        heading: Its heading.
        numeric: Whether its cells are aligned to the right.
        goes: Order of dropping on a narrow terminal, highest first; 0 for a column that stays.
        names_row: Whether its cells name the row: they come first when the table becomes a list.
    """

    heading: str
    numeric: bool = False
    goes: int = 0
    names_row: bool = False


class FittedTable:
    """A table that fits the terminal it is printed on.

    It loses columns in their declared order until it fits, and says which; where even those that must stay do
    not fit, each row becomes an entry of a list. On a terminal the header is repeated on every screen.

    Args:
        columns: From left to right.
        remedy: Where everything can be seen; shown with the names of the dropped columns.
    """

    def __init__(self, columns: Sequence[Column], remedy: str = "--json has all of it") -> None:
        self._columns = columns
        self._remedy = remedy
        self._rows: list[tuple[Sequence[Text], str]] = []

    def add_row(self, *cells: str | Text, style: str = "") -> None:
        """Add a row, one cell per column."""
        texts = [cell if isinstance(cell, Text) else Text(cell) for cell in cells]
        assert len(texts) == len(self._columns)
        self._rows.append((texts, style))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        shown = list(range(len(self._columns)))
        for leaving in (None, *self._in_order_of_leaving()):
            if leaving is not None:
                shown.remove(leaving)
            drawn = self._drawn(shown, self._rows_of_a_screen(console))
            if Measurement.get(console, options.update(max_width=_ENDLESS), drawn).maximum <= options.max_width:
                yield drawn
                yield from self._note(shown)
                return
        yield from entries(self._columns, self._rows)

    def _in_order_of_leaving(self) -> list[int]:
        leaving = [index for index, column in enumerate(self._columns) if column.goes]
        return sorted(leaving, key=lambda index: -self._columns[index].goes)

    def _rows_of_a_screen(self, console: Console) -> int:
        if not console.is_terminal:
            return max(1, len(self._rows))
        return max(5, console.height - _HEADER_LINES - _LEFT_FREE_LINES)

    def _drawn(self, shown: Sequence[int], rows_of_a_screen: int) -> Table:
        made = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
        for index in shown:
            column = self._columns[index]
            made.add_column(column.heading, justify="right" if column.numeric else "left", no_wrap=True)
        for number, (cells, style) in enumerate(self._rows):
            if number and number % rows_of_a_screen == 0:
                made.add_section()
                made.add_row(*(Text(self._columns[index].heading, style="bold") for index in shown), end_section=True)
            made.add_row(*(cells[index] for index in shown), style=style)
        return made

    def _note(self, shown: Sequence[int]) -> Iterator[RenderableType]:
        left_out = [column.heading for index, column in enumerate(self._columns) if index not in shown]
        named = [heading for heading in left_out if heading]
        if named:
            yield Text(f"too narrow for: {', '.join(named)} ({self._remedy})", style="dim")


def entries(columns: Sequence[Column], rows: Sequence[tuple[Sequence[Text], str]]) -> Iterator[RenderableType]:
    """Rows as a list: the cells that name a row, then heading and cell of the others that are not empty.

    Args:
        columns: From left to right.
        rows: Cells, and a style for all of them.
    """
    for cells, style in rows:
        pairs = list(zip(columns, cells, strict=True))
        yield Text(" ", style="bold").join([cell for column, cell in pairs if column.names_row and cell.plain])
        said = [
            Text.assemble((f"{column.heading} ", "dim"), cell)
            for column, cell in pairs
            if column.heading and not column.names_row and cell.plain not in ("", "·")
        ]
        yield Padding(Text(", ", style=style).join(said), (0, 0, 0, 2), expand=False)
