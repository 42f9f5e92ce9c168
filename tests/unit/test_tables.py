"""A table fits its terminal without truncation: columns are dropped in order and named, and then it becomes a list."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.text import Text

from gridctl.terminal.tables import Column, FittedTable

COLUMNS = [
    Column("name", names_row=True),
    Column("done", numeric=True),
    Column("backend", goes=1),
    Column("submitted", goes=2),
    Column("store", goes=3),
]
STORE = "s3://bucket/a/long/prefix"


def printed(width: int, rows: int = 2, height: int = 25, *, terminal: bool = True) -> list[str]:
    made = FittedTable(COLUMNS)
    for number in range(rows):
        made.add_row(f"experiment-number-{number}", Text("3/18"), "kubernetes", "12 min ago", STORE)
    console = Console(file=io.StringIO(), width=width, height=height, force_terminal=terminal, color_system=None)
    console.print(made)
    assert isinstance(console.file, io.StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


@pytest.mark.parametrize(
    ("width", "gone"),
    [
        (120, []),
        (80, []),
        (75, ["store"]),
        (47, ["submitted", "store"]),
        (30, ["backend", "submitted", "store"]),
    ],
)
def test_columns_go_in_their_declared_order_and_are_named(width: int, gone: list[str]) -> None:
    lines = printed(width)
    kept = [column.heading for column in COLUMNS if column.heading not in gone]
    assert lines[0].split() == kept
    assert ("too narrow for: " + ", ".join(gone) in " ".join(lines)) == bool(gone)
    assert all(len(line) <= width for line in lines)
    assert "experiment-number-1" in lines[3]


def test_where_nothing_fits_it_is_a_list_that_has_everything() -> None:
    lines = printed(20)
    said = "".join(line.strip() for line in lines)
    assert lines[0] == "experiment-number-0"
    assert said.count(STORE) == 2
    assert all(word in said for word in ("3/18", "kubernetes", "12 min", "backend", "submitted"))


def test_every_screen_of_a_terminal_has_the_header() -> None:
    lines = printed(120, rows=60)
    for first in range(len(lines) - 25 + 1):
        assert any(line.startswith("name ") for line in lines[first : first + 25]), first
    assert sum(line.startswith("experiment-number-") for line in lines) == 60


def test_what_is_piped_has_one_header() -> None:
    assert sum(line.startswith("name ") for line in printed(10_000, rows=60, terminal=False)) == 1
