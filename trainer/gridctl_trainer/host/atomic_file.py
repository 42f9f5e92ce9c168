"""Writes files atomically: they appear complete and synced, or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from gridctl_trainer.host.exclusive_rename import rename_if_absent

TEMPORARY_PREFIX: Final = ".writing-"
"""Prefix of the name of a file that is being written. A killed process may leave one, which may be deleted."""

_NOT_SYNCED: Final = (errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EBADF)
"""Errors of file systems that cannot sync folders (CIFS, FUSE, 9p) or anything at all; nothing more can be done."""


@contextlib.contextmanager
def replacing(path: Path, *, only_if_absent: bool = False, synced: bool = True) -> Iterator[IO[bytes]]:
    """Write a file beside `path`, sync it, and rename it to `path` at the end.

    Args:
        path: The target; its folder is made if missing.
        only_if_absent: Whether to keep a file that already exists.
        synced: Whether to sync the file. Pass False if a file that a crash leaves empty or torn is recognised and costs
            only time.

    Yields:
        The open temporary file.

    Raises:
        FileExistsError: The file already exists, and `only_if_absent` is set.
        OSError: The file cannot be written; nothing is left behind.
    """
    temporary = path.parent / f"{TEMPORARY_PREFIX}{uuid.uuid4().hex}"
    opened = _open_in_its_folder(temporary)
    try:
        with opened as file:
            yield file
            file.flush()
            if synced:
                _sync(file.fileno())
        if only_if_absent:
            rename_if_absent(temporary, path, TEMPORARY_PREFIX)
        else:
            temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    if synced:
        _sync_folder(path.parent)


def _open_in_its_folder(path: Path) -> IO[bytes]:
    """Open a new file and make its folder, which another process may meanwhile remove because it is empty.

    Raises:
        NotADirectoryError: A file or a dangling link lies where the folder should be.
        OSError: The file cannot be made.
    """
    for _ in range(10):
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):  # most folders exist
            return path.open("xb")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except FileExistsError as error:  # callers would take this to mean that the target exists
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), error.filename) from None
    return path.open("xb")


def _sync_folder(folder: Path) -> None:
    try:
        handle = os.open(folder, os.O_RDONLY)
    except PermissionError:  # the folder may be written but not read, so it cannot be synced
        return
    try:
        _sync(handle)
    finally:
        os.close(handle)


def _sync(handle: int) -> None:
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _NOT_SYNCED:
            raise
