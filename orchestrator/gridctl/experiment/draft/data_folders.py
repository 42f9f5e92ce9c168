"""Which data sets lie in a folder or bucket: recognised by the names of files, without opening an image."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Final

from gridctl.errors import InputError
from gridctl_trainer.contract.data_layout import (
    ACDC_FOLDERS,
    ACDC_PATIENT,
    PACK_MANIFEST,
    SUNNYBROOK_CONTOUR,
    SetKind,
    is_data,
    sunnybrook_patient,
)
from gridctl_trainer.contract.location import read_location

MOST_FILES: Final = 200_000
"""Many times what the data sets have; a whole home is not searched."""

EXPECTED: Final = (
    "ACDC holds patientNNN/Info.cfg, maybe below training/ or database/training/; Sunnybrook holds "
    "SC-*/contours-manual/*/IM-0001-NNNN-icontour-manual.txt beside its DICOM images; "
    "`gridctl-trainer data phantom data/phantom` makes a synthetic set of both"
)


@dataclass(frozen=True, slots=True)
class DataFolder:
    """One data set.

    Attributes:
        kind: Which one.
        location: Its root, as an experiment file names it.
        patients: Ids of those that are labelled.
    """

    kind: SetKind
    location: str
    patients: tuple[str, ...]


def find_data(given: str) -> list[DataFolder]:
    """The data sets in a place, at most one of each kind.

    Args:
        given: A folder, or `s3://bucket/prefix`: of one data set, or holding both.

    Raises:
        InputError: There is none, or two of one kind, or the place cannot be read.
        StoreError: The bucket cannot be reached.
    """
    location = read_location(given, "DATA_FOLDER")
    if location.is_remote:
        from gridctl_trainer.storage.base import open_store

        listed: Iterator[str] = (stat.key for stat in open_store(given).list())
    else:
        _require_folder(location.folder, given)
        listed = _files(location.folder)
    paths = [PurePosixPath(path) for path in islice(listed, MOST_FILES + 1)]
    if len(paths) > MOST_FILES:
        raise InputError(
            f"it holds more than {MOST_FILES:,} files", where=given, fix="give the folder of the data set itself"
        )
    found: list[DataFolder] = []
    for kind, roots in (("acdc", _acdc(paths)), ("sunnybrook", _sunnybrook(paths))):
        if len(roots) > 1:
            names = ", ".join(_join(given, root) for root in sorted(roots))
            raise InputError(f"it holds {len(roots)} sets in the form of {kind}", where=given, fix=f"give one: {names}")
        found += [DataFolder(kind, _join(given, root), patients) for root, patients in roots.items()]
    if not found and any(path.name == PACK_MANIFEST for path in paths):
        raise InputError(
            "these are packs that `gridctl-trainer data pack` made, not a data set",
            where=given,
            fix="give the data set that they were made of; then name this folder as data.train.path, "
            "with the packs' size_px",
        )
    if not found:
        raise InputError(f"this is no data set: {_seen(paths)}", where=given, fix=EXPECTED)
    return found


def _acdc(paths: Iterable[PurePosixPath]) -> Mapping[str, tuple[str, ...]]:
    """Patients with an Info.cfg, by the root of their set."""
    by_folder: dict[str, set[str]] = defaultdict(set)
    for path in paths:
        patient = path.parent
        if path.name.casefold() == "info.cfg" and ACDC_PATIENT.fullmatch(patient.name):
            by_folder[str(patient.parent)].add(patient.name)
    by_root: dict[str, dict[str, set[str]]] = defaultdict(dict)
    for folder, patients in by_folder.items():
        root, below = _split_off(folder)
        by_root[root][below] = patients
    return {
        root: tuple(sorted(next(folders[below] for below in ACDC_FOLDERS if below in folders)))
        for root, folders in by_root.items()
    }


def _split_off(folder: str) -> tuple[str, str]:
    """A folder of patients as the root that a loader takes, and what lies between."""
    for below in sorted(ACDC_FOLDERS, key=len, reverse=True):
        if below and f"/{folder}".endswith(f"/{below}"):
            return folder.removesuffix(below).rstrip("/") or ".", below
    return folder, ""


def _sunnybrook(paths: Iterable[PurePosixPath]) -> Mapping[str, tuple[str, ...]]:
    """Patients with an inner contour, by the one root above all files of them."""
    roots: dict[str, list[str]] = defaultdict(list)
    labelled = set()
    for path in paths:
        if patient := sunnybrook_patient(path):
            roots[patient].append(_above_patient(path))
            contour = SUNNYBROOK_CONTOUR.fullmatch(path.name)
            if contour and contour["kind"].lower() == "i":
                labelled.add(patient)
    above = [folder for patient in labelled for folder in roots[patient]]
    return {os.path.commonpath(above) or ".": tuple(sorted(labelled))} if above else {}


def _above_patient(path: PurePosixPath) -> str:
    """The folder that holds the outermost folder with a patient's name."""
    for number, part in enumerate(path.parts):
        if sunnybrook_patient(PurePosixPath(part, "file")):
            return "/".join(path.parts[:number])
    return ""


def _require_folder(folder: Path, given: str) -> None:
    try:
        there = folder.is_dir()
    except OSError as error:
        raise InputError(f"cannot read it: {error.strerror}", where=given) from None
    if there:
        return
    if folder.exists():
        raise InputError("this is a file", where=given, fix="unpack it, and give the folder")
    raise InputError("there is no such folder", where=given, fix=f"give the folder of a data set: {EXPECTED}")


def _files(root: Path) -> Iterator[str]:
    """Paths below a folder, relative to it, links followed; what cannot belong to a data set is passed over.

    Raises:
        InputError: A folder cannot be listed.
    """

    def stop(error: OSError) -> None:
        raise InputError(f"cannot read it: {error.strerror}", where=error.filename)

    above: set[tuple[int, int]] = set()
    for folder, folders, files in os.walk(root, onerror=stop, followlinks=True):
        status = Path(folder).stat()
        if (status.st_dev, status.st_ino) in above:  # a link to where this walk was already
            folders.clear()
            continue
        above.add((status.st_dev, status.st_ino))
        folders[:] = sorted(name for name in folders if is_data(name))
        relative = PurePosixPath(Path(folder).relative_to(root))
        yield from (str(relative / name) for name in sorted(files) if is_data(name))


def _seen(paths: Iterable[PurePosixPath]) -> str:
    """What lies there instead."""
    kinds = Counter("".join(path.suffixes[-2:]) or path.name for path in paths)
    if not kinds:
        return "the folder is empty"
    said = ", ".join(f"{number:,} {kind}" for kind, number in kinds.most_common(4))
    more = len(kinds) - 4
    return f"it holds {said}" + (f" and {more} other kinds of file" if more > 0 else "")


def _join(given: str, below: str) -> str:
    return given.rstrip("/") + f"/{below}" if below not in (".", "") else given.rstrip("/") or "/"
