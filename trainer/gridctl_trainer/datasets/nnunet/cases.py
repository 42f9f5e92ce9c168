"""Finds the patient that each case belongs to, by a pattern on its name or in a table."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gridctl_trainer.contract.errors import DataError
from gridctl_trainer.contract.wording import count
from gridctl_trainer.datasets.formats.table import read_table
from gridctl_trainer.datasets.nnunet.descriptor import NnunetOptions

_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Owner:
    """The patient that a case belongs to.

    Attributes:
        patient: Patient id.
        time_point: Time point of the case; empty if the patient has only one.
        metadata: `group`, `vendor` and `centre`, if a table gives them.
    """

    patient: str
    time_point: str
    metadata: Mapping[str, str]


def owners(cases: Sequence[str], options: NnunetOptions, root: Path) -> dict[str, Owner]:
    """Find the patient that each case belongs to.

    Args:
        cases: Names of the cases.
        options: Options with the pattern or the table.
        root: Folder of the data set, which holds the table.

    Raises:
        DataError: A case has no patient, or two cases of one patient have the same time point.
    """
    found = _by_pattern(cases, options) if options.pattern else _by_table(cases, options, root)
    if missing := [case for case in cases if case not in found]:
        named = ", ".join(missing[:_SHOWN]) + (f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else "")
        how = "its pattern matches no" if options.pattern else f"its table {options.table} has no patient of the"
        raise DataError(
            f"{how} case {named}: of {count(len(cases), 'case')}, these belong to no known patient",
            where=root,
            fix=f"change options.{'pattern' if options.pattern else 'table'} so that every case has a patient",
        )
    _require_distinct(found, root)
    return found


def _by_pattern(cases: Sequence[str], options: NnunetOptions) -> dict[str, Owner]:
    found = {}
    for case in cases:
        if match := re.fullmatch(options.pattern, case):
            groups = match.groupdict(default="")
            time_point = groups.get("time_point", "")
            found[case] = Owner(groups["patient"], options.time_points.get(time_point, time_point), {})
    return {case: owner for case, owner in found.items() if owner.patient}


def _by_table(cases: Sequence[str], options: NnunetOptions, root: Path) -> dict[str, Owner]:
    rows = read_table(root / options.table, ("case",), ("patient",))
    found = {}
    for case in cases:
        row = rows.get(case)
        if row is None or not row.get("patient"):
            continue
        time_point = row.get("time_point")
        metadata = {name: row.get(name) for name in ("group", "vendor", "centre")}
        found[case] = Owner(row.get("patient"), options.time_points.get(time_point, time_point), metadata)
    return found


def _require_distinct(found: Mapping[str, Owner], root: Path) -> None:
    first: dict[tuple[str, str], str] = {}
    for case, owner in found.items():
        other = first.setdefault((owner.patient, owner.time_point), case)
        if other != case:
            said = f"the time point {owner.time_point}" if owner.time_point else "no time point"
            raise DataError(
                f"{other} and {case} are both of {owner.patient}, with {said}",
                where=root,
                fix="tell them apart with the group (?P<time_point>...) of the pattern, or that column of the table",
            )
