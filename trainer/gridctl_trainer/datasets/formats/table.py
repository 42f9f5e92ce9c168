"""Reads CSV tables that come with data sets, as spreadsheets and scripts write them."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gridctl_trainer.contract.errors import DataError
from gridctl_trainer.datasets.formats.text import read_text

_DELIMITERS: Final = ",;\t"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table.

    Attributes:
        path: File of the table.
        line: Line number of the row in the file, from 1.
        values: Value of each column, by the column's normalised name.
    """

    path: Path
    line: int
    values: Mapping[str, str]

    @property
    def where(self) -> str:
        """`file:line`."""
        return f"{self.path}:{self.line}"

    def get(self, *columns: str) -> str:
        """The first nonempty value among these columns; empty if there is none."""
        found = (self.values.get(normalised(column), "") for column in columns)
        return next((value for value in found if value), "")


def normalised(column: str) -> str:
    """The name of a column in lower case, without spaces and punctuation: `External code` equals `external_code`."""
    return "".join(letter for letter in column.casefold() if letter.isalnum())


def read_table(path: Path, key: Sequence[str], needed: Sequence[str] = ()) -> dict[str, Row]:
    """Read the rows of a table by the value of a key column.

    Rows with an empty key, as in a padded spreadsheet, are left out.

    Args:
        path: A CSV file with commas, semicolons or tabs as separators.
        key: Names that the key column may have.
        needed: Other columns that must exist.

    Raises:
        DataError: The file cannot be read, lacks a column, or has two rows with the same key.
    """
    lines = read_text(path, fix="unpack the data set again").splitlines()
    header = lines[0] if lines else ""
    delimiter = max(_DELIMITERS, key=header.count)
    reader = csv.reader(io.StringIO("\n".join(lines)), delimiter=delimiter)
    columns = [normalised(name) for name in next(reader, [])]
    column = next((name for name in map(normalised, key) if name in columns), "")
    missing = [*([] if column else [key[0]]), *(name for name in needed if normalised(name) not in columns)]
    if missing:
        raise DataError(
            f"it has no column {', '.join(missing)}",
            where=f"{path}:1",
            fix=f"its first line names the columns; it has: {header.strip()[:120] or 'none'}",
        )
    found: dict[str, Row] = {}
    faults = []
    for values in reader:
        row = Row(path, reader.line_num, dict(zip(columns, (value.strip() for value in values), strict=False)))
        if not (name := row.values.get(column, "")):
            continue
        if name in found:
            faults.append(DataError(f"{name} already has a row in line {found[name].line}", where=row.where))
        found.setdefault(name, row)
    if faults:
        raise DataError.collect(faults)
    return found
