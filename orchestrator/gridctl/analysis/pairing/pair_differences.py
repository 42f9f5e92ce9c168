"""What the two halves of a pair must share to be compared, and what is worth a note where they do not."""

from __future__ import annotations

import json
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gridctl.analysis.pairing.plugin_code import other_code

DATA: Final[Mapping[str, str]] = {"split_digest": "the split", "data_digest": "the images"}
"""Columns of `Collected.runs` without which two runs are no pair: the patients, and what was read of them."""

CODE: Final = "plugins"
"""Column without which they are none either, where both used the same plugin."""

CONDITIONS: Final[Mapping[str, str]] = {
    "epochs": "the number of epochs",
    "image": "the container image",
    "git_sha": "the trainer's commit",
    "versions": "library versions",
    "device_name": "the device",
    "resumed": "having been resumed",
}
"""Columns that both halves should share, and what they are called; a pair that differs in them is named."""

_SHOWN: Final = ("device_name", "epochs", "image", "resumed")
"""Those whose values are short enough to be said."""

RunRow = Mapping[Any, Any]
"""A row of `Collected.runs`."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in which the halves of a pair differ.

    Attributes:
        field: Column of `Collected.runs`.
        said: In words.
    """

    field: str
    said: str

    @property
    def in_data(self) -> bool:
        """Whether the two did not learn from, or were not scored on, the same."""
        return self.field in DATA

    @property
    def breaks_pair(self) -> bool:
        """Whether the two are no pair: their data differ, or the code of a plugin that both used."""
        return self.in_data or self.field == CODE


def differences(
    first: tuple[str, RunRow], second: tuple[str, RunRow], *, but: Container[str] = ()
) -> Iterator[Difference]:
    """What two finished runs differ in, the code of plugins and the data first.

    Args:
        first: What the one is called, and its row.
        second: The other.
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
    """Columns that are not the same for every attempt from which a run is made."""
    return str(row["changed"]).split()


def _matters(field: str, a: RunRow, b: RunRow) -> bool:
    """Whether a difference can change a score: on a CPU, a resumed run is bit for bit one that never was."""
    if field != "resumed":
        return True
    resumed = a if a["resumed"] else b
    return not (str(resumed["device"]).startswith("cpu") and resumed["deterministic"])


def _of_sets(first: str, second: str) -> str:
    """Which data sets differ, where both runs recorded the digest of each."""
    if not first or not second:
        return ""
    a, b = json.loads(first), json.loads(second)
    differing = [name for name in dict.fromkeys((*a, *b)) if a.get(name) != b.get(name)]
    return f" of {', '.join(differing)}" if differing else ""


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value or "unknown")
