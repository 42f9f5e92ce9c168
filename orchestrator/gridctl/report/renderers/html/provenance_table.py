"""Provenance of a report, as rows of a table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import pandas as pd

from gridctl.analysis.model import Provenance

_NAMES: Final = {
    "git_sha": "trainer's commit",
    "image": "container image",
    "versions": "libraries",
    "device_name": "device",
    "data_digest": "data digest (SHA-256)",
    "split_digest": "split digest (SHA-256)",
}
_UNKNOWN: Final = {"git_sha": "unknown", "image": "none: not in a container"}


@dataclass(frozen=True, slots=True)
class Line:
    """One value of what runs were trained with, and how many runs share it."""

    name: str
    value: str
    runs: int


def provenance_lines(provenance: Provenance) -> list[Line]:
    """What finished runs were trained with, as rows."""
    return [
        Line(_NAMES.get(item.field, item.field), _value(item.field, item.value), item.runs) for item in provenance.runs
    ]


def newest_sign(runs: pd.DataFrame) -> str:
    """When the store last heard of a run, in UTC; empty if it never did."""
    seen = runs["last_seen"].max()
    return "" if seen != seen else datetime.fromtimestamp(float(seen), UTC).strftime("%Y-%m-%d %H:%M UTC")


def mixed(lines: Sequence[Line]) -> list[str]:
    """Names of the values that not all runs share."""
    names = [line.name for line in lines]
    return [name for name in dict.fromkeys(names) if names.count(name) > 1]


def _value(field: str, value: str) -> str:
    if not value:
        return _UNKNOWN.get(field, "unknown")
    if field != "versions":
        return value
    try:
        libraries = json.loads(value)
    except ValueError:
        return value
    return ", ".join(f"{name} {version}" for name, version in libraries.items()) or "unknown"
