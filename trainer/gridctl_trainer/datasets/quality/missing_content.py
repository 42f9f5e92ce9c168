"""Finds files whose content is not on this machine, and the command that fetches it."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from gridctl_trainer.contract.errors import Problem

DVC: Final = ".dvc"
"""Ending of the file that stands for a file or folder tracked by DVC."""

_POINTER_BYTES: Final = 512
"""Pointer files of Git LFS and git-annex are at most this large."""
_ANNEX_GET: Final = "fetch the content: git annex get"
_DVC_PULL: Final = "fetch the content: dvc pull"


def why_unreadable(path: Path, error: OSError | RuntimeError) -> Problem:
    """Describe an error on a path, and what to do about it."""
    if isinstance(error, FileNotFoundError) and path.is_symlink():
        target = str(path.readlink())
        return Problem(f"a link to {target}, which is not on this machine", str(path), _link_fix(target))
    if isinstance(error, FileNotFoundError) and is_tracked(path):
        return Problem("DVC tracks it, but it is not on this machine", str(path), _DVC_PULL)
    reason = getattr(error, "strerror", None) or str(error)
    denied = isinstance(error, PermissionError)
    fix = "give yourself read access" if denied else "repair or delete it" if path.is_symlink() else ""
    return Problem(f"cannot read it: {reason}", str(path), fix)


def missing_content(path: Path, status: os.stat_result) -> Problem | None:
    """Say why the content of a file cannot be used; None if it can.

    The file is opened, because permission bits alone do not tell whether it can be read.

    Raises:
        OSError: The file cannot be opened.
    """
    if not stat.S_ISREG(status.st_mode):
        return Problem("neither a file nor a folder", str(path), "move it out of the data set")
    with path.open("rb") as file:
        fix = _pointer_fix(file.read()) if status.st_size <= _POINTER_BYTES else ""
    return Problem("it is a pointer: the content is not on this machine", str(path), fix) if fix else None


def is_tracked(path: Path) -> bool:
    """Whether DVC tracks a file or folder of this name."""
    return path.with_name(path.name + DVC).is_file()


def _link_fix(target: str) -> str:
    parts = Path(target).parts
    if "annex" in parts and "objects" in parts:
        return _ANNEX_GET
    if ".dvc" in parts or ("files" in parts and "md5" in parts):
        return _DVC_PULL
    return "bring back what it points to, or delete the link"


def _pointer_fix(content: bytes) -> str:
    if content.startswith(b"version https://git-lfs.github.com/spec/"):
        return "fetch the content: git lfs pull"
    return _ANNEX_GET if content.startswith(b"/annex/objects/") else ""
