"""What a folder holds instead of the data set that it was given as."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from gridctl_trainer.contract.data_layout import TITLES, SetKind
from gridctl_trainer.contract.errors import DataError
from gridctl_trainer.datasets.file_tree import entries

_SIGNS: Final[dict[SetKind, re.Pattern[str]]] = {
    "acdc": re.compile(r"patient\d+"),
    "sunnybrook": re.compile(r"SC-(HF-I|HF-NI|HYP|N)-\d+|SCD\d+|IM-\d+-\d+-icontour-manual\.txt", re.IGNORECASE),
}
"""Names of folders or files that only one of the data sets has."""
_WITHIN: Final = ("training", "testing", "database")
"""Folders of ACDC that a root may be above."""
_LEVELS: Final = 5
_MOST_NAMES: Final = 5000


def what_is_there(kind: SetKind, root: Path) -> tuple[str, str]:
    """What to add to `there is no patient`: what the folder looks like, and what to do about it.

    Args:
        kind: Which data set it was given as.
        root: The folder, which is there.

    Returns:
        Both empty if it looks like nothing in particular.
    """
    shallow = list(islice(_below(root), _MOST_NAMES))
    if not shallow:
        return "it is empty", f"unpack {TITLES[kind]} there, or give another folder"
    if (found := next((path for path in shallow if _SIGNS[kind].fullmatch(path.name)), None)) is not None:
        folder = found.parent
        while folder.parent != root and folder.name in _WITHIN:
            folder = folder.parent
        return f"{TITLES[kind]} lies below it, in {folder}", "give that folder"
    other: SetKind = "sunnybrook" if kind == "acdc" else "acdc"
    if any(_SIGNS[other].fullmatch(path.name) for path in shallow):
        return (
            f"this looks like {TITLES[other]}",
            f"give {TITLES[kind]}'s folder, or name the data set {other}; are two of them swapped?",
        )
    names = sorted({path.relative_to(root).parts[0] for path in shallow})
    return f"it holds {', '.join(names[:5])}{' and more' if len(names) > 5 else ''}", ""


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
