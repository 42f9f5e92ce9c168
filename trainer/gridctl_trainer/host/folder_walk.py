"""Walks the files below a folder, with one rule for links."""

from __future__ import annotations

import errno
import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from gridctl_trainer.contract.data_layout import is_data

_MOST_PATHS: Final = 1000
"""Largest number of paths to one folder; folders that link to each other have factorially many."""

_Identity = tuple[int, int]
"""Device and inode."""


def walk_files(root: Path, unreadable: Callable[[OSError], None]) -> Iterator[Path]:
    """Find every file below a folder, without opening any.

    Links are followed. A folder that is linked twice is read twice, but a link back to a folder above is ignored. A
    dangling link counts as a file. Hidden files and files that operating systems leave behind (`._*`, `.DS_Store`,
    `Thumbs.db`, `@eaDir`) are skipped.

    Args:
        root: Where to start.
        unreadable: Called for each folder that cannot be read; the walk continues with the next one.

    Yields:
        Each file, by the path on which it was reached.

    Raises:
        OSError: Links lead to a folder on too many paths; `filename` is one of them.
    """
    visits: Counter[_Identity] = Counter()
    waiting: list[tuple[Path, frozenset[_Identity]]] = []
    try:
        parents = Path(os.path.realpath(root)).parents
        waiting.append((root, frozenset(_identity(folder.stat()) for folder in (root, *parents))))
    except OSError as error:
        unreadable(error)
    while waiting:
        folder, above = waiting.pop()
        try:
            with os.scandir(folder) as found:
                inside = sorted((entry for entry in found if is_data(entry.name)), key=lambda entry: entry.name)
        except OSError as error:
            unreadable(error)
            continue
        below: list[tuple[Path, frozenset[_Identity]]] = []
        for entry in inside:
            path = folder / entry.name
            try:
                identity = _identity(entry.stat()) if entry.is_dir() else None
            except OSError as error:
                if not entry.is_symlink():
                    unreadable(error)
                    continue
                identity = None  # opening it will say why it leads nowhere
            if identity is None:
                yield path
            elif identity not in above:
                visits[identity] += 1
                if visits[identity] > _MOST_PATHS:
                    what = f"links lead to this folder on more than {_MOST_PATHS:,} paths"
                    raise OSError(errno.ELOOP, what, str(path))
                below.append((path, above | {identity}))
        waiting += reversed(below)


def _identity(status: os.stat_result) -> _Identity:
    return status.st_dev, status.st_ino
