"""Finds the files that are the channels of one scan, by nnU-Net's names or by a folder per channel."""

from __future__ import annotations

import dataclasses
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from gridctl_trainer.contract.errors import DataError, Problem
from gridctl_trainer.contract.wording import count
from gridctl_trainer.training.prediction.scans import FoundScan, is_nifti, stem_of

_NUMBERED: Final = re.compile(r"(?P<case>.+)_(?P<channel>\d{4})")
"""nnU-Net's names, such as `heart_0000.nii.gz` and `heart_0001.nii.gz`."""


def scans_of_channels(
    scans: Sequence[FoundScan], channels: int, place: Path, notice: Callable[[str], None]
) -> tuple[list[FoundScan], list[Problem]]:
    """Join the files of each scan.

    Args:
        scans: Every file and series that was found.
        channels: Number of channels that the models read.
        place: Where the scans were found.
        notice: Receives the order of the channels if only the names of folders give it.

    Returns:
        The scans, sorted by name, and the problems of those that lack a channel.

    Raises:
        DataError: No scan has all channels.
    """
    if channels == 1:
        return _without_number(scans), []
    if place.is_file():
        scans = _with_siblings(scans[0])
    numbered, problems, others = _by_number(scans, channels)
    in_folders, lacking, alone = _by_folder(others, channels, place.resolve().name)
    for order in dict.fromkeys(order for order, _ in in_folders):
        notice(f"channels in the order of their folders: {order}")
    problems += lacking
    found = [*numbered, *(scan for _, scan in in_folders), *alone]  # a single file may contain all channels
    if not found:
        raise DataError(problems)
    return sorted(found, key=lambda scan: scan.name), problems


def _without_number(scans: Sequence[FoundScan]) -> list[FoundScan]:
    """Remove nnU-Net's channel number from the names of scans with one channel, as nnU-Net does for its masks."""
    names = {scan.name for scan in scans}
    found = []
    for scan in scans:
        match = None if scan.images else _NUMBERED.fullmatch(scan.name)
        case = match["case"] if match and int(match["channel"]) == 0 else ""
        alone = case and case not in names and f"{case}_0001" not in names
        found.append(dataclasses.replace(scan, name=case) if alone else scan)
    return found


def _with_siblings(scan: FoundScan) -> list[FoundScan]:
    """All files of the scan that one file belongs to."""
    if not (match := _NUMBERED.fullmatch(scan.name)):
        return [scan]
    beside = sorted(path for path in scan.source.parent.iterdir() if is_nifti(path))
    names = {path: _NUMBERED.fullmatch(stem_of(path)) for path in beside}
    return [FoundScan(stem_of(path), path) for path, named in names.items() if named and named["case"] == match["case"]]


def _by_number(scans: Sequence[FoundScan], channels: int) -> tuple[list[FoundScan], list[Problem], list[FoundScan]]:
    cases: dict[str, dict[int, FoundScan]] = defaultdict(dict)
    others = []
    for scan in scans:
        match = None if scan.images else _NUMBERED.fullmatch(scan.name)
        if match:
            cases[match["case"]][int(match["channel"])] = scan
        else:
            others.append(scan)
    found, problems = [], []
    for case, of_case in cases.items():
        wrong = ""
        if missing := [number for number in range(channels) if number not in of_case]:
            wrong = f"its channel {', '.join(f'_{number:04d}' for number in missing)} is missing"
        elif len(of_case) > channels:
            wrong = f"it has {len(of_case)} channels, up to _{max(of_case):04d}"
        source = of_case[min(of_case)].source
        if wrong:
            fix = (
                f"the model reads {channels}, of a scan called NAME: NAME_0000.nii.gz to NAME_{channels - 1:04d}.nii.gz"
            )
            problems.append(Problem(wrong, str(source), fix))
            continue
        others_of_case = tuple(of_case[number] for number in range(1, channels))
        found.append(FoundScan(case, source, others=others_of_case))
    return found, problems, others


def _by_folder(
    scans: Sequence[FoundScan], channels: int, whole: str
) -> tuple[list[tuple[str, FoundScan]], list[Problem], list[FoundScan]]:
    """Join files of the same name in one folder per channel, below the place or below the folder of each case.

    Returns:
        The scans, each with the order of its folders; the problems; and the files that lie in no such folders.
    """
    if of_place := _same_names(scans, channels, whole):
        return *of_place, []
    cases: dict[str, list[FoundScan]] = defaultdict(list)
    for scan in scans:
        cases[scan.name.partition("/")[0] if "/" in scan.name else ""].append(scan)
    found, problems, alone = [], [], cases.pop("", [])
    for case, of_case in cases.items():
        inside = [dataclasses.replace(scan, name=scan.name.partition("/")[2]) for scan in of_case]
        if not (of_channels := _same_names(inside, channels, "")):
            alone += of_case
            continue
        found += [
            (order, dataclasses.replace(scan, name=f"{case}/{scan.name}".rstrip("/"))) for order, scan in of_channels[0]
        ]
        problems += of_channels[1]
    return found, problems, alone


def _same_names(
    scans: Sequence[FoundScan], channels: int, whole: str
) -> tuple[list[tuple[str, FoundScan]], list[Problem]] | None:
    """The scans of folders that are channels; None if the folders are not channels."""
    folders: dict[str, dict[str, FoundScan]] = defaultdict(dict)
    for scan in scans:
        folder, separator, name = scan.name.partition("/")
        if not separator and not scan.images:
            return None  # a file next to the folders
        folders[folder][name or whole] = scan
    ordered = [folders[folder] for folder in sorted(folders)]
    names = sorted({name for of_folder in ordered for name in of_folder})
    complete = [name for name in names if all(name in of_folder for of_folder in ordered)]
    if len(folders) != channels or not complete:
        return None
    order = ", ".join(sorted(folders))
    found = [
        (order, dataclasses.replace(ordered[0][name], name=name, others=tuple(of[name] for of in ordered[1:])))
        for name in complete
    ]
    return found, [_missing(name, folders) for name in names if name not in complete]


def _missing(name: str, folders: Mapping[str, Mapping[str, FoundScan]]) -> Problem:
    lacking = [folder for folder in sorted(folders) if name not in folders[folder]]
    there = next(of_folder[name] for of_folder in folders.values() if name in of_folder)
    return Problem(
        f"there is no {name} in {', '.join(lacking)}",
        str(there.source),
        f"the model reads {count(len(folders), 'channel')}: a file of the same name in the folder of each",
    )
