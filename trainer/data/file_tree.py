"""The files below a folder: links are followed, and what cannot be read is named instead of left out."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from trainer.contract.errors import DataError, Problem

SHOWN_UNREADABLE: Final = 20

_NOT_DATA: Final = frozenset(
    {"thumbs.db", "desktop.ini", "@eadir", "__macosx", "$recycle.bin", "system volume information", "lost+found"}
)
_POINTER_BYTES: Final = 512
"""A Git LFS or git-annex pointer file is smaller."""


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
            UnreadableError: Something cannot be read: the first twenty by name, and the count.
        """
        require_readable(self.unreadable)
        return self.files


def require_readable(unreadable: Sequence[Problem]) -> None:
    """Refuse a tree that cannot be read in whole.

    Raises:
        UnreadableError: Something cannot be read: the first twenty by name, and the count.
    """
    if unreadable:
        more = len(unreadable) - SHOWN_UNREADABLE
        rest = [Problem(f"and {more} more that cannot be read ({len(unreadable)} in all)")] if more > 0 else []
        raise UnreadableError([*unreadable[:SHOWN_UNREADABLE], *rest])


def walk(root: Path) -> FileTree:
    """Every file below a folder, links followed; a link back to a folder above it holds nothing new.

    Hidden files and what operating systems leave behind (`._*`, `.DS_Store`, `Thumbs.db`, `@eaDir`) are passed over.
    """
    files: list[Path] = []
    unreadable: list[Problem] = []
    try:
        real = root.resolve()
        above = frozenset(_identity(folder.stat()) for folder in (real, *real.parents))
        _walk(root, above, files, unreadable)
    except (OSError, RuntimeError) as error:
        unreadable.append(_problem(root, error))
    return FileTree(tuple(sorted(files)), tuple(sorted(unreadable, key=lambda problem: str(problem.where))))


def is_data(name: str) -> bool:
    """Whether a file or folder of this name can belong to a data set."""
    return not name.startswith(".") and name.casefold() not in _NOT_DATA


def entries(folder: Path) -> Iterator[Path]:
    """What a folder holds, sorted, without what cannot belong to a data set.

    Raises:
        UnreadableError: The folder cannot be listed.
    """
    try:
        names = sorted(os.listdir(folder))
    except OSError as error:
        raise UnreadableError([_problem(folder, error)]) from None
    return (folder / name for name in names if is_data(name))


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


def _walk(folder: Path, above: frozenset[tuple[int, int]], files: list[Path], unreadable: list[Problem]) -> None:
    try:
        inside = list(entries(folder))
    except UnreadableError as fault:
        unreadable += fault.problems
        return
    for path in inside:
        try:
            status = path.stat()
            if stat.S_ISDIR(status.st_mode):
                if _identity(status) not in above:
                    _walk(path, above | {_identity(status)}, files, unreadable)
            elif not stat.S_ISREG(status.st_mode):
                unreadable.append(Problem("neither a file nor a folder", str(path), "move it out of the data set"))
            elif not os.access(path, os.R_OK):
                unreadable.append(Problem("cannot read it: Permission denied", str(path), "give yourself read access"))
            elif status.st_size <= _POINTER_BYTES and (fix := _pointer_fix(path.read_bytes())):
                unreadable.append(Problem("it is a pointer: the content is not on this machine", str(path), fix))
            else:
                files.append(path)
        except OSError as error:
            unreadable.append(_problem(path, error))


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _problem(path: Path, error: OSError | RuntimeError) -> Problem:
    if isinstance(error, FileNotFoundError) and path.is_symlink():
        target = str(path.readlink())
        return Problem(f"a link to {target}, which is not on this machine", str(path), _link_fix(target))
    reason = getattr(error, "strerror", None) or str(error)
    denied = isinstance(error, PermissionError)
    fix = "give yourself read access" if denied else "repair or delete it" if path.is_symlink() else ""
    return Problem(f"cannot read it: {reason}", str(path), fix)


def _link_fix(target: str) -> str:
    parts = Path(target).parts
    if "annex" in parts and "objects" in parts:
        return "fetch the content: git annex get"
    if ".dvc" in parts or ("files" in parts and "md5" in parts):
        return "fetch the content: dvc pull"
    return "bring back what it points to, or delete the link"


def _pointer_fix(content: bytes) -> str:
    if content.startswith(b"version https://git-lfs.github.com/spec/"):
        return "fetch the content: git lfs pull"
    return "fetch the content: git annex get" if content.startswith(b"/annex/objects/") else ""
