"""The files below a folder: links are followed, and what cannot be read is named instead of left out."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from gridctl_trainer.contract.data_layout import is_data
from gridctl_trainer.contract.errors import DataError, Problem
from gridctl_trainer.datasets.quality.missing_content import DVC, is_tracked, missing_content, why_unreadable
from gridctl_trainer.host.folder_walk import walk_files


class UnreadableError(DataError):
    """A file of a data set exists but cannot be read."""


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
    """Every file below a folder, links followed, with what cannot be read and what DVC has yet to fetch.

    Raises:
        UnreadableError: Folders link to each other on too many paths.
    """
    files: list[Path] = []
    unreadable: list[Problem] = []
    try:
        for path in walk_files(root, lambda error: unreadable.append(why_unreadable(Path(error.filename), error))):
            if path.suffix == DVC and not os.path.lexists(tracked := path.with_suffix("")):
                unreadable.append(why_unreadable(tracked, FileNotFoundError()))
            try:
                problem = missing_content(path, path.stat())
            except OSError as error:
                problem = why_unreadable(path, error)
            if problem:
                unreadable.append(problem)
            else:
                files.append(path)
    except OSError as error:
        fix = "remove links between folders of the data set"
        raise UnreadableError(str(error.strerror), where=error.filename, fix=fix) from None
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
