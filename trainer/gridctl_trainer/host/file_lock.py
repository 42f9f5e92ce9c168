"""File locks with one holder at a time on this machine. A lock ends with its holder.

If the file of a lock cannot be made or its file system has no locks (NFS without a lock daemon, some FUSE, 9p and
Lustre mounts), a file in this user's temporary folder is locked instead. If that cannot be locked either, nothing is
held and a warning says so. Anything that is done under a lock must therefore be safe without it, if wasteful: files
appear by renaming, and of two attempts at one run the older one ends at its next checkpoint.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import hashlib
import logging
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gridctl_trainer.host.user_folders import temporary_folder

_PAUSE_S: Final = 0.2
_GLANCES: Final = 3
_GLANCE_S: Final = 0.02
"""Checking whether a lock is held takes it for a moment, so taking a lock is tried several times."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FileLock:
    """A lock that was taken.

    Attributes:
        handle: File descriptor that holds the lock until it and all of its copies are closed; None if no lock could be
            taken and nothing is held.
    """

    handle: int | None

    def note(self, data: bytes) -> None:
        """Write a note about the holder to the lock's file; errors are ignored."""
        if self.handle is not None:
            with contextlib.suppress(OSError):
                os.pwrite(self.handle, data, 0)
                os.ftruncate(self.handle, len(data))

    def add(self, data: bytes) -> None:
        """Append to the note in the lock's file; errors are ignored."""
        if self.handle is not None:
            with contextlib.suppress(OSError):
                os.pwrite(self.handle, data, os.fstat(self.handle).st_size)

    def touch(self) -> None:
        """Set the modification time of the lock's file to now."""
        if self.handle is not None:
            with contextlib.suppress(OSError):
                os.utime(self.handle)

    def release(self) -> None:
        """Release the lock, unless processes that inherited it still hold it."""
        if self.handle is not None:
            os.close(self.handle)


def take(path: Path) -> FileLock | None:
    """Take a lock without waiting.

    Args:
        path: The lock's file; it is made if missing and never removed.

    Returns:
        The lock; None if another process holds it.
    """
    reasons: list[str] = []
    for stands_in in (False, True):
        try:
            handle = _open(_stand_in(path) if stands_in else path)
        except OSError as error:
            reasons.append(error.strerror or str(error))
            continue
        try:
            if not _locked(handle):
                os.close(handle)
                return None
        except OSError as error:
            os.close(handle)
            reasons.append(error.strerror or str(error))
            continue
        if stands_in:
            _say_once(f"no lock can be held in {path.parent} ({reasons[0]}): locking in {temporary_folder()}")
        return FileLock(handle)
    _say_once(
        f"no lock can be held in {path.parent} ({reasons[0]}), nor in a temporary folder ({reasons[1]}): "
        "continuing without locks, so do not start an experiment twice at once"
    )
    return FileLock(None)


@contextlib.contextmanager
def held(path: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold a lock until the end of the block.

    Args:
        path: As for `take`.
        waiting: Called repeatedly while another process holds the lock; it may raise to give up.
    """
    while (lock := take(path)) is None:
        waiting()
        time.sleep(_PAUSE_S)
    try:
        yield
    finally:
        lock.release()


def held_in(folder: Path, suffix: str) -> dict[str, Path]:
    """Find the locks in a folder that are held now: the file of each, by its name without the suffix."""
    found: dict[str, Path] = {}
    for stands_in in (False, True):
        with contextlib.suppress(OSError):
            place = _stand_in(folder / suffix).parent if stands_in else folder
            paths = [path for path in place.iterdir() if path.name.endswith(suffix)]
            found.update((path.name.removesuffix(suffix), path) for path in paths if _is_held(path))
    return found


def remove_released(folder: Path, suffix: str, older_than_s: float) -> None:
    """Remove files of released locks that will not be taken again, such as locks named after a process.

    Args:
        folder: Folder of the locks.
        suffix: Suffix of their names.
        older_than_s: Least age of a file to be removed, as a younger file may be about to be locked.
    """
    for stands_in in (False, True):
        with contextlib.suppress(OSError):
            place = _stand_in(folder / suffix).parent if stands_in else folder
            for path in place.iterdir():
                old = path.name.endswith(suffix) and time.time() - path.stat().st_mtime > older_than_s
                if old and not _is_held(path):
                    path.unlink(missing_ok=True)


def _stand_in(path: Path) -> Path:
    """The file that is locked if `path` cannot be."""
    folder = hashlib.sha256(os.fsencode(path.parent.absolute())).hexdigest()[:16]
    return temporary_folder() / "locks" / folder / path.name


def _open(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)


def _locked(handle: int) -> bool:
    for glance in range(_GLANCES):
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        if glance < _GLANCES - 1:
            time.sleep(_GLANCE_S)
    return False


def _is_held(path: Path) -> bool:
    with contextlib.suppress(OSError), path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


@functools.cache
def _say_once(text: str) -> None:
    _log.warning("%s", text)
