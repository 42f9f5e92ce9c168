"""Finds the folders of this user's state and cache on this machine, even without a writable home folder."""

from __future__ import annotations

import errno
import functools
import logging
import os
import stat
import tempfile
from pathlib import Path

_log = logging.getLogger(__name__)


def state_folder() -> Path:
    """`$XDG_STATE_HOME/gridctl`, or else `~/.local/state/gridctl`; below the temporary folder if there is no home.

    Raises:
        OSError: There is no home, and the temporary folder cannot be used either.
    """
    return _below_home("XDG_STATE_HOME", ".local/state") or temporary_folder() / "state"


def cache_folder() -> Path:
    """`$XDG_CACHE_HOME/gridctl`, or else `~/.cache/gridctl`; below the temporary folder if there is no home.

    Raises:
        OSError: There is no home, and the temporary folder cannot be used either.
    """
    return _below_home("XDG_CACHE_HOME", ".cache") or temporary_folder() / "cache"


def writable(folder: Path, variable: str, purpose: str) -> Path:
    """Return a folder, or if it cannot be written, one for the same purpose below the temporary folder.

    Args:
        folder: The preferred folder, made if missing.
        variable: Variable with which to choose another folder, for the warning.
        purpose: Name of the folder below the temporary folder.

    Raises:
        OSError: Neither folder can be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK | os.X_OK):
            return folder
        reason = "it is not writable"
    except OSError as error:
        reason = error.strerror or str(error)
    other = temporary_folder() / purpose
    other.mkdir(exist_ok=True)
    _say_once(f"cannot write {folder} ({reason}): using {other}; set {variable} to choose another folder")
    return other


def temporary_folder() -> Path:
    """A folder in the system's temporary folder that only this user can write.

    Raises:
        OSError: The folder cannot be made, or belongs to another user.
    """
    folder = Path(tempfile.gettempdir(), f"gridctl-{os.getuid()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o022:
        raise PermissionError(errno.EPERM, "other users can write it", str(folder))
    return folder


def _below_home(variable: str, below: str) -> Path | None:
    """Find a folder by the XDG base directory specification, which says to ignore a relative path in a variable."""
    base = os.environ.get(variable, "")
    if Path(base).is_absolute():
        return Path(base, "gridctl")
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - `Path.home` raises an error without a home folder
    return home / below / "gridctl" if home.is_absolute() else None


@functools.cache
def _say_once(text: str) -> None:
    _log.warning("%s", text)
