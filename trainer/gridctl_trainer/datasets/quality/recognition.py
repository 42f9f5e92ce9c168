"""Recognises what a folder holds if it is not the expected data set."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from gridctl_trainer.contract.errors import DataError
from gridctl_trainer.datasets.file_tree import entries
from gridctl_trainer.plugins.dataset import DATASETS, DatasetDescriptor
from gridctl_trainer.plugins.entry_points import PluginError

_WITHIN: Final = ("training", "testing", "database")
"""Folders within a data set, which are not its root."""
_LEVELS: Final = 5
_MOST_NAMES: Final = 5000


def nothing_found(what: str, wanted: DatasetDescriptor, root: Path, expected: str) -> DataError:
    """The error for a folder that exists but holds nothing of the data set.

    Args:
        what: What is missing, such as `patient of ACDC`.
        wanted: The data set that was expected.
        root: The folder.
        expected: What the folder should hold.
    """
    found_instead, do = _what_is_there(wanted, root)
    what = f"there is no {what} in this folder: {found_instead}"
    return DataError(what, where=root, fix=do or f"it should hold {expected}")


def _what_is_there(wanted: DatasetDescriptor, root: Path) -> tuple[str, str]:
    """Describe what the folder looks like, and what to do about it.

    Args:
        wanted: The data set that was expected.
        root: The folder, which exists.

    Returns:
        The description and the advice; the latter is empty if the folder looks like nothing in particular.
    """
    shallow = list(islice(_below(root), _MOST_NAMES))
    if not shallow:
        return held_by(root), f"unpack {wanted.title} there, or give another folder"
    if (found := _first_sign(wanted, shallow)) is not None:
        folder = found.parent
        while folder.parent != root and folder.name in _WITHIN:
            folder = folder.parent
        return f"{wanted.title} lies below it, in {folder}", "give that folder"
    for name, other in _others(wanted):
        if _first_sign(other, shallow) is not None:
            return (
                f"this looks like {other.title}",
                f"give {wanted.title}'s folder, or name the data set {name}; are two of them swapped?",
            )
    return held_by(root), ""


def held_by(root: Path) -> str:
    """Describe the content of a folder in words."""
    names = sorted({path.relative_to(root).parts[0] for path in islice(_below(root), _MOST_NAMES)})
    return f"it holds {', '.join(names[:5])}{' and more' if len(names) > 5 else ''}" if names else "it is empty"


def looks_like(root: Path) -> list[str]:
    """Names of the data sets to which some file or folder below a root belongs, judging by its name."""
    shallow = list(islice(_below(root), _MOST_NAMES))
    return [name for name, described in _others(None) if _first_sign(described, shallow) is not None]


def _others(wanted: DatasetDescriptor | None) -> Iterator[tuple[str, DatasetDescriptor]]:
    for name in DATASETS.names():
        with contextlib.suppress(PluginError):
            if (found := DATASETS.find(name)) is not wanted:
                yield name, found


def _first_sign(described: DatasetDescriptor, paths: list[Path]) -> Path | None:
    sign = described.folder.sign if described.folder else None
    return next((path for path in paths if sign and sign.fullmatch(path.name)), None)


def _below(root: Path) -> Iterator[Path]:
    """List what lies up to some levels below a root, nearest first; folders that cannot be listed are skipped."""
    level = [root]
    for _ in range(_LEVELS):
        following: list[Path] = []
        for folder in level:
            try:
                inside = list(entries(folder))
            except DataError:
                continue
            yield from inside
            following += [path for path in inside if path.is_dir()]
        level = following
