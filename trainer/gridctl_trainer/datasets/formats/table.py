"""Tables that data sets bring along: CSV as spreadsheets and scripts write it."""

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
    """One line.

    Attributes:
        path: Of the table.
        line: Its number in the file, from 1.
        values: By the normalised name of the column.
    """

    path: Path
    line: int
    values: Mapping[str, str]

    @property
    def where(self) -> str:
        """`file:line`."""
        return f"{self.path}:{self.line}"

    def get(self, *columns: str) -> str:
        """The value of the first of these columns that is there and not empty, without spaces around it."""
        found = (self.values.get(normalised(column), "") for column in columns)
        return next((value for value in found if value), "")


def normalised(column: str) -> str:
    """The name of a column without case, spaces and signs: `External code` and `external_code` are one."""
    return "".join(letter for letter in column.casefold() if letter.isalnum())


def read_table(path: Path, key: Sequence[str], needed: Sequence[str] = ()) -> dict[str, Row]:
    """The rows of a table, by the value of one column; rows without one, as a padded spreadsheet has, are left out.

    Args:
        path: A CSV file, separated by commas, semicolons or tabs.
        key: Names that the column may have.
        needed: Columns that have to be there too.

    Raises:
        DataError: It cannot be read, lacks a column, or has two rows of one key: all of it.
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
            fix=f"its first line names the columns; there are: {header.strip()[:120] or 'none'}",
        )
    found: dict[str, Row] = {}
    faults = []
    for values in reader:
        row = Row(path, reader.line_num, dict(zip(columns, (value.strip() for value in values), strict=False)))
        if not (name := row.values.get(column, "")):
            continue
        if name in found:
            faults.append(DataError(f"{name} has a row already, in line {found[name].line}", where=row.where))
        found.setdefault(name, row)
    if faults:
        raise DataError.collect(faults)
    return found
