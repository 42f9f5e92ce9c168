"""Where this user's state and cache lie on this machine, also where there is no home that can be written."""

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
    """`$XDG_STATE_HOME/gridctl`, else `~/.local/state/gridctl`; below the temporary folder if there is no home.

    Raises:
        OSError: There is no home, and the temporary folder cannot be used either.
    """
    return _below_home("XDG_STATE_HOME", ".local/state") or temporary_folder() / "state"


def cache_folder() -> Path:
    """`$XDG_CACHE_HOME/gridctl`, else `~/.cache/gridctl`; below the temporary folder if there is no home.

    Raises:
        OSError: There is no home, and the temporary folder cannot be used either.
    """
    return _below_home("XDG_CACHE_HOME", ".cache") or temporary_folder() / "cache"


def writable(folder: Path, variable: str, purpose: str) -> Path:
    """A folder, or where it cannot be written, one for the same purpose below the temporary folder.

    Args:
        folder: Made if missing.
        variable: What to set to choose another one; named in the notice.
        purpose: Name of the one below the temporary folder.

    Raises:
        OSError: Neither can be written.
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
    """A folder in the system's temporary one that only this user can write.

    Raises:
        OSError: It cannot be made, or is another user's.
    """
    folder = Path(tempfile.gettempdir(), f"gridctl-{os.getuid()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o022:
        raise PermissionError(errno.EPERM, "other users can write it", str(folder))
    return folder


def _below_home(variable: str, below: str) -> Path | None:
    """As the XDG base directory specification says, by which a relative path in a variable counts as none."""
    base = os.environ.get(variable, "")
    if Path(base).is_absolute():
        return Path(base, "gridctl")
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - `Path.home` raises where there is none
    return home / below / "gridctl" if home.is_absolute() else None


@functools.cache
def _say_once(text: str) -> None:
    _log.warning("%s", text)
