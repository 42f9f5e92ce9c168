"""Finds the files below a folder. Links are followed, and unreadable files are reported instead of skipped."""

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
    """Everything below a folder.

    Attributes:
        files: Readable files, sorted; each has the path by which it was reached, with links unresolved.
        unreadable: Files, links and folders that cannot be read, each with the reason.
    """

    files: tuple[Path, ...]
    unreadable: tuple[Problem, ...]

    def require_readable(self) -> tuple[Path, ...]:
        """Return the files if all of them are readable.

        Raises:
            UnreadableError: Something cannot be read; the error names all of it.
        """
        require_readable(self.unreadable)
        return self.files


def require_readable(unreadable: Sequence[Problem]) -> None:
    """Refuse a tree of which some part cannot be read.

    Raises:
        UnreadableError: Something cannot be read; the error names all of it.
    """
    if unreadable:
        raise UnreadableError(unreadable)


def walk(root: Path) -> FileTree:
    """Find every file below a folder, following links.

    What cannot be read is listed too, and so is what DVC tracks but has not fetched.

    Raises:
        UnreadableError: Links between folders lead to too many paths.
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
    """Whether a path is a folder or a link to one.

    Raises:
        UnreadableError: The path cannot be examined, or its content is not on this machine.
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
    """List a folder, sorted, without names that cannot belong to a data set.

    Files and folders that DVC tracks are included even if they have not been fetched.

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
    """The file of this name, or one whose name differs only in case; None if there is neither."""
    if os.path.lexists(path):
        return path
    wanted = path.name.casefold()
    try:
        names = sorted(os.listdir(path.parent))
    except OSError:
        return None
    return next((path.with_name(name) for name in names if name.casefold() == wanted), None)
