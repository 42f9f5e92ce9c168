"""Recognises what a folder holds when it is not the expected data set."""

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
"""Folders of a data set that a root may be above."""
_LEVELS: Final = 5
_MOST_NAMES: Final = 5000


def nothing_found(what: str, wanted: DatasetDescriptor, root: Path, expected: str) -> DataError:
    """The error of a folder that is there and holds nothing of a data set.

    Args:
        what: That is not there: `patient of ACDC`.
        wanted: Which data set it was given as.
        root: The folder.
        expected: What it should hold.
    """
    found_instead, do = _what_is_there(wanted, root)
    what = f"there is no {what} in this folder: {found_instead}"
    return DataError(what, where=root, fix=do or f"it should hold {expected}")


def _what_is_there(wanted: DatasetDescriptor, root: Path) -> tuple[str, str]:
    """What to add to `there is no patient`: what the folder looks like, and what to do about it.

    Args:
        wanted: Which data set it was given as.
        root: The folder, which is there.

    Returns:
        Both empty if it looks like nothing in particular.
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
    """What a folder holds, in words."""
    names = sorted({path.relative_to(root).parts[0] for path in islice(_below(root), _MOST_NAMES)})
    return f"it holds {', '.join(names[:5])}{' and more' if len(names) > 5 else ''}" if names else "it is empty"


def looks_like(root: Path) -> list[str]:
    """The data sets, by name, of which some file or folder below a folder has a name that only they have."""
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
    """What lies some levels below, the nearest first; what cannot be listed is passed over."""
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
