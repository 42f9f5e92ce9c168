"""Which data sets a folder or bucket holds: recognised by file names, without opening an image."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Final

from gridctl.errors import InputError
from gridctl_trainer.contract.data_layout import PACK_MANIFEST
from gridctl_trainer.contract.location import read_location
from gridctl_trainer.host.folder_walk import walk_files
from gridctl_trainer.plugins.dataset import DATASETS, FolderNames
from gridctl_trainer.plugins.entry_points import PluginError

MOST_FILES: Final = 200_000
"""Far more than the data sets have; a whole home directory is not searched."""


@dataclass(frozen=True, slots=True)
class DataFolder:
    """One data set.

    Attributes:
        kind: Name of the data set.
        location: Its root, as an experiment file names it.
        patients: Ids of labelled patients.
        test_folder: Folder below it with the published test set; empty without one.
        test_patients: Ids of the patients of the test set.
    """

    kind: str
    location: str
    patients: tuple[str, ...]
    test_folder: str = ""
    test_patients: tuple[str, ...] = ()


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
    for kind, folder in recognised().items():
        roots = folder.find(paths)
        if len(roots) > 1:
            names = ", ".join(_join(given, root) for root in sorted(roots))
            raise InputError(f"it holds {len(roots)} sets in the form of {kind}", where=given, fix=f"give one: {names}")
        tests = folder.test(paths) if folder.test else {}
        for root, patients in roots.items():
            below, of_test = tests.get(root, ("", ()))
            found.append(DataFolder(kind, _join(given, root), tuple(patients), below, tuple(of_test)))
    if not found and any(path.name == PACK_MANIFEST for path in paths):
        raise InputError(
            "these are packs that `gridctl-trainer data pack` made, not a data set",
            where=given,
            fix="give the data set that they were made of; then name this folder as data.train.path, "
            "with the packs' size_px",
        )
    if not found:
        raise InputError(f"this is not a data set: {_seen(paths)}", where=given, fix=expected())
    return found


def recognised() -> Mapping[str, FolderNames]:
    """The data sets that can be recognised by names of files, gridctl's own first."""
    found = {}
    for name in DATASETS.names():
        with contextlib.suppress(PluginError):
            if folder := DATASETS.find(name).folder:
                found[name] = folder
    return found


def expected() -> str:
    """What folders of data sets look like, for error messages."""
    held = [f"{DATASETS.find(name).title} holds {folder.expected}" for name, folder in recognised().items()]
    return "; ".join([*held, "`gridctl-trainer data phantom data/phantom` makes a synthetic set of both"])


def files_below(root: Path) -> list[PurePosixPath]:
    """Paths of files below a folder, relative to it: at most `MOST_FILES`.

    Raises:
        InputError: A folder cannot be listed.
    """
    return [PurePosixPath(path) for path in islice(_files(root), MOST_FILES)]


def _require_folder(folder: Path, given: str) -> None:
    try:
        there = folder.is_dir()
    except OSError as error:
        raise InputError(f"cannot read it: {error.strerror}", where=given) from None
    if there:
        return
    if folder.exists():
        raise InputError("this is a file", where=given, fix="unpack it, and give the folder")
    raise InputError("there is no such folder", where=given, fix=f"give the folder of a data set: {expected()}")


def _files(root: Path) -> Iterator[str]:
    """Paths below a folder, relative to it.

    Raises:
        InputError: A folder cannot be listed.
    """

    def stop(error: OSError) -> None:
        raise InputError(f"cannot read it: {error.strerror}", where=error.filename)

    try:
        yield from (path.relative_to(root).as_posix() for path in walk_files(root, stop))
    except OSError as error:
        stop(error)


def _seen(paths: Iterable[PurePosixPath]) -> str:
    """What is there instead."""
    kinds = Counter("".join(path.suffixes[-2:]) or path.name for path in paths)
    if not kinds:
        return "the folder is empty"
    said = ", ".join(f"{number:,} {kind}" for kind, number in kinds.most_common(4))
    more = len(kinds) - 4
    return f"it holds {said}" + (f" and {more} other kinds of file" if more > 0 else "")


def _join(given: str, below: str) -> str:
    return given.rstrip("/") + f"/{below}" if below not in (".", "") else given.rstrip("/") or "/"
