"""What the two runs of a pair must share to be compared, and which other differences deserve a note."""

from __future__ import annotations

import json
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gridctl.analysis.pairing.plugin_code import other_code

DATA: Final[Mapping[str, str]] = {"split_digest": "the split", "data_digest": "the images"}
"""Columns of `Collected.runs` that two runs of a pair must share: the patients, and the images read."""

CODE: Final = "plugins"
"""Column that they must share if both used the same plugin."""

CONDITIONS: Final[Mapping[str, str]] = {
    "epochs": "the number of epochs",
    "image": "the container image",
    "git_sha": "the trainer's commit",
    "versions": "library versions",
    "device_name": "the device",
    "resumed": "having been resumed",
}
"""Columns that both should share, with names for text; pairs that differ in them are named."""

_SHOWN: Final = ("device_name", "epochs", "image", "resumed")
"""Columns whose values are short enough to be shown."""

RunRow = Mapping[Any, Any]
"""A row of `Collected.runs`."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference between the two runs of a pair.

    Attributes:
        field: Column of `Collected.runs`.
        said: The difference in words.
    """

    field: str
    said: str

    @property
    def in_data(self) -> bool:
        """Whether the two were trained or scored on different data."""
        return self.field in DATA

    @property
    def breaks_pair(self) -> bool:
        """Whether the two are not a pair: their data differ, or the code of a plugin that both used."""
        return self.in_data or self.field == CODE


def differences(
    first: tuple[str, RunRow], second: tuple[str, RunRow], *, but: Container[str] = ()
) -> Iterator[Difference]:
    """The differences between two finished runs, the code of plugins and the data first.

    Args:
        first: Name and row of the one run.
        second: The same for the other.
        but: Columns that may differ.
    """
    (_, a), (_, b) = first, second
    for said in other_code(str(a[CODE]), str(b[CODE])):
        yield Difference(CODE, said)
    for of, row in (first, second):
        if CODE in changed(row):
            yield Difference(CODE, f"the code of a plugin, which changed when {of} was resumed")
    for field, name in {**DATA, **CONDITIONS}.items():
        if field not in but and a[field] != b[field] and _matters(field, a, b):
            said = f"{name} ({_value(a[field])}, {_value(b[field])})" if field in _SHOWN else name
            if field == "data_digest":
                said += _of_sets(str(a["set_digests"]), str(b["set_digests"]))
            yield Difference(field, said)
        else:
            for of, row in (first, second):
                if field in changed(row):
                    yield Difference(field, f"{name}, which changed when {of} was resumed")


def changed(row: RunRow) -> list[str]:
    """Columns that are not the same for every attempt that contributes to a run."""
    return str(row["changed"]).split()


def _matters(field: str, a: RunRow, b: RunRow) -> bool:
    """Whether a difference can change a score: on a CPU, a resumed run equals an uninterrupted one bit for bit."""
    if field != "resumed":
        return True
    resumed = a if a["resumed"] else b
    return not (str(resumed["device"]).startswith("cpu") and resumed["deterministic"])


def _of_sets(first: str, second: str) -> str:
    """Which data sets differ, if both runs recorded the digest of each."""
    if not first or not second:
        return ""
    a, b = json.loads(first), json.loads(second)
    differing = [name for name in dict.fromkeys((*a, *b)) if a.get(name) != b.get(name)]
    return f" of {', '.join(differing)}" if differing else ""


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value or "unknown")
