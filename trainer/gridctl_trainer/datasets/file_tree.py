"""The files below a folder: links are followed, and what cannot be read is named instead of left out."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gridctl_trainer.contract.data_layout import is_data
from gridctl_trainer.contract.errors import DataError, Problem
from gridctl_trainer.datasets.quality.missing_content import DVC, is_tracked, missing_content, why_unreadable

_MOST_PATHS: Final = 1000
"""On which one folder is reached; folders that link to each other have factorially many."""

_Identity = tuple[int, int]
"""Device and inode."""


class UnreadableError(DataError):
    """Part of a data set is there by name but cannot be read."""


@dataclass(frozen=True, slots=True)
class FileTree:
    """What lies below a folder.

    Attributes:
        files: Readable files, sorted, by the path on which they were reached.
        unreadable: Files, links and folders that cannot be read, and why.
    """

    files: tuple[Path, ...]
    unreadable: tuple[Problem, ...]

    def require_readable(self) -> tuple[Path, ...]:
        """The files, if nothing is missing among them.

        Raises:
            UnreadableError: Something cannot be read: all of it, by name.
        """
        require_readable(self.unreadable)
        return self.files


def require_readable(unreadable: Sequence[Problem]) -> None:
    """Refuse a tree that cannot be read in whole.

    Raises:
        UnreadableError: Something cannot be read: all of it, by name.
    """
    if unreadable:
        raise UnreadableError(unreadable)


def walk(root: Path) -> FileTree:
    """Every file below a folder, links followed; a link back to a folder above it holds nothing new.

    Hidden files and what operating systems leave behind (`._*`, `.DS_Store`, `Thumbs.db`, `@eaDir`) are passed over.

    Raises:
        UnreadableError: Folders link to each other on too many paths.
    """
    files: list[Path] = []
    unreadable: list[Problem] = []
    visits: Counter[_Identity] = Counter()
    waiting: list[tuple[Path, frozenset[_Identity]]] = []
    try:
        real = root.resolve()
        waiting.append((root, frozenset(_identity(folder.stat()) for folder in (real, *real.parents))))
    except (OSError, RuntimeError) as error:
        unreadable.append(why_unreadable(root, error))
    while waiting:
        folder, above = waiting.pop()
        try:
            inside = list(entries(folder))
        except UnreadableError as fault:
            unreadable += fault.problems
            continue
        for path in inside:
            try:
                status = path.stat()
                if not stat.S_ISDIR(status.st_mode):
                    if problem := missing_content(path, status):
                        unreadable.append(problem)
                    else:
                        files.append(path)
                elif (identity := _identity(status)) not in above:
                    visits[identity] += 1
                    if visits[identity] > _MOST_PATHS:
                        what = f"links lead to this folder on more than {_MOST_PATHS:,} paths"
                        raise UnreadableError(what, where=path, fix="remove links between folders of the data set")
                    waiting.append((path, above | {identity}))
            except OSError as error:
                unreadable.append(why_unreadable(path, error))
    return FileTree(tuple(sorted(files)), tuple(sorted(unreadable, key=lambda problem: str(problem.where))))


def is_folder(path: Path) -> bool:
    """Whether a folder is there, maybe by a link.

    Raises:
        UnreadableError: That cannot be known, or its content is not on this machine.
    """
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except NotADirectoryError:
        return False
    except FileNotFoundError as error:
        if path.is_symlink() or is_tracked(path):
            raise UnreadableError([why_unreadable(path, error)]) from None
        return False
    except OSError as error:
        raise UnreadableError([why_unreadable(path, error)]) from None


def entries(folder: Path) -> Iterator[Path]:
    """What a folder holds, sorted, without what cannot belong to a data set; with what DVC has yet to fetch into it.

    Raises:
        UnreadableError: The folder cannot be listed.
    """
    try:
        names = set(os.listdir(folder))
    except OSError as error:
        raise UnreadableError([why_unreadable(folder, error)]) from None
    names |= {name.removesuffix(DVC) for name in names}
    return (folder / name for name in sorted(names) if is_data(name))


def same_name(path: Path) -> Path | None:
    """The file of this name, else one whose name differs in upper and lower case only; None for neither."""
    if os.path.lexists(path):
        return path
    wanted = path.name.casefold()
    try:
        names = sorted(os.listdir(path.parent))
    except OSError:
        return None
    return next((path.with_name(name) for name in names if name.casefold() == wanted), None)


def _identity(status: os.stat_result) -> _Identity:
    return status.st_dev, status.st_ino
