"""Renames a finished file only if the new name is not taken, on file systems with and without hard links."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import time
import uuid
from pathlib import Path
from typing import Final

_NO_LINKS: Final = (
    errno.EPERM,  # vfat, exFAT, many FUSE file systems
    errno.EACCES,  # Android, SELinux
    errno.EINVAL,
    errno.EMLINK,
    errno.ENOSYS,
    errno.ENOTSUP,
    errno.EOPNOTSUPP,
    errno.EXDEV,
)
_ABANDONED_AFTER_S: Final = 10.0
"""A claim is held during one rename only. A claim that stays unchanged for this long belongs to a dead process."""

_LOOKED_EVERY_S: Final = 0.1

_log = logging.getLogger(__name__)
_said: set[Path] = set()


def rename_if_absent(temporary: Path, path: Path, claim_prefix: str) -> None:
    """Move a finished file to a name that is not taken yet. Of several concurrent callers, exactly one succeeds.

    A hard link does this in one step. On file systems without hard links, a claim file made with O_EXCL decides who
    may rename. The target is never incomplete, whenever a process dies. A claim that a dead process left is broken
    after ten seconds. If its owner turns out to be alive, because it was suspended at just that point, the later file
    replaces the earlier one; both are complete.

    Args:
        temporary: The finished file; it is gone afterwards unless this fails.
        path: The target, in the same folder.
        claim_prefix: Prefix of the name of the claim file.

    Raises:
        FileExistsError: The target exists.
        OSError: The file cannot be moved.
    """
    try:
        os.link(temporary, path)
    except FileExistsError:
        if temporary.stat().st_nlink != 2:  # NFS may lose the answer although the link was made
            raise
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _say_once(path.parent, error)
        _rename_with_claim(temporary, path, path.with_name(f"{claim_prefix}claim-{path.name}"))
        return
    temporary.unlink()


def has_hard_links(folder: Path) -> bool:
    """Whether the file system of a folder supports hard links.

    Raises:
        OSError: The folder cannot be written.
    """
    first, second = (folder / f".writing-{uuid.uuid4().hex}" for _ in range(2))
    first.touch(exist_ok=False)
    try:
        os.link(first, second)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        return False
    finally:
        second.unlink(missing_ok=True)
        first.unlink(missing_ok=True)
    return True


def _rename_with_claim(temporary: Path, path: Path, claim: Path) -> None:
    mine = uuid.uuid4().hex.encode()
    seen, since = b"", time.monotonic()
    while True:
        if path.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
        try:
            with claim.open("xb") as file:
                file.write(mine)
            break
        except FileExistsError:
            holder = _content(claim)
        if holder != seen:
            seen, since = holder, time.monotonic()
        elif time.monotonic() - since > _ABANDONED_AFTER_S:
            claim.unlink(missing_ok=True)
            continue
        time.sleep(_LOOKED_EVERY_S)
    try:
        if path.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
        temporary.replace(path)
    finally:
        if _content(claim) == mine:
            claim.unlink(missing_ok=True)


def _content(claim: Path) -> bytes:
    with contextlib.suppress(FileNotFoundError):
        return claim.read_bytes()
    return b""


def _say_once(folder: Path, error: OSError) -> None:
    if not _said:
        _said.add(folder)
        _log.warning("%s has no hard links (%s): using claim files instead", folder, error.strerror)
