"""Keeps on local disk what a store has not accepted yet: writes and removals, in order.

There is one folder per attempt, `<root>/<run>/<attempt>/`, with two files per entry: `000001.data` with the content,
and `000001.json`, which describes it and is written last. An attempt locks its folder, so that a later attempt on the
same machine takes over only what a dead attempt left.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import logging
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from gridctl_trainer.contract.errors import StoreError
from gridctl_trainer.contract.layout import AttemptName, RunLayout
from gridctl_trainer.contract.location import read_folder
from gridctl_trainer.host import user_folders
from gridctl_trainer.host.atomic_file import TEMPORARY_PREFIX, replacing
from gridctl_trainer.host.file_lock import take

_LOCK: Final = "lock"
_NAME_ANOTHER: Final = "point GRIDCTL_SPOOL at a folder that can be written"
_log = logging.getLogger(__name__)

_ALWAYS_TAKEN_BYTES: Final = 1 << 20
"""Content up to this size, such as metric logs and last messages, is accepted even if the spool is full."""


class SpoolFullError(StoreError):
    """The store has failed for so long that the spool is full."""


@dataclass(slots=True)
class Entry:
    """One write or removal.

    Attributes:
        number: Position in the order.
        operation: What to do with the object.
        key: Key of the object in the store.
        size_bytes: Length of the content; 0 for a removal.
        version: How often longer content has replaced the content.
    """

    number: int
    operation: Literal["put", "delete"]
    key: str
    size_bytes: int = 0
    version: int = 0


def spool_root() -> Path:
    """`$GRIDCTL_SPOOL`, or else a folder in the user's state folder.

    Raises:
        StoreError: No folder can be written.
    """
    named = os.environ.get("GRIDCTL_SPOOL")
    if named:
        return read_folder(named, "GRIDCTL_SPOOL").absolute()
    try:
        return user_folders.writable(user_folders.state_folder() / "spool", "GRIDCTL_SPOOL", "spool")
    except OSError as error:
        raise StoreError(
            f"there is nowhere to keep what the store does not accept: {error.strerror or error}",
            where=error.filename or "",
            fix=_NAME_ANOTHER,
        ) from None


def folder_of(root: Path, store_url: str, layout: RunLayout) -> Path:
    """The folder that holds the spools of all attempts at one run.

    Args:
        root: Folder of all spools, as `spool_root` returns it.
        store_url: URL of the store.
        layout: Layout of the run.
    """
    name = hashlib.sha256(f"{store_url} {layout.prefix}".encode()).hexdigest()[:16]
    return root / f"{layout.run_id}-{name}"


class Spool:
    """The spool of one attempt, locked until `close`. It is not thread-safe: its owner must serialise calls.

    Args:
        folder: Folder of the spool, made if missing.
        limit_bytes: Size above which the spool accepts no more large content.

    Raises:
        StoreError: The folder cannot be made or written.
        BlockingIOError: A running attempt holds the folder.
    """

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        self.folder = folder
        self._limit_bytes = limit_bytes
        with self._said("make"):
            folder.mkdir(parents=True, exist_ok=True)
        lock = take(folder / _LOCK)
        if lock is None:
            raise BlockingIOError(errno.EWOULDBLOCK, "a living attempt holds it", str(folder))
        self._lock = lock
        self.entries: dict[int, Entry] = {}
        for path in sorted(folder.glob("*.json")):
            with contextlib.suppress(ValueError, KeyError, OSError):
                self._take_up(path)
        if self.is_locked:
            self._remove_what_a_kill_cut()
        self._next = max(self.entries, default=0) + 1

    @property
    def is_locked(self) -> bool:
        """Whether the folder is locked against other processes; False on a file system without locks."""
        return self._lock.handle is not None

    @property
    def size_bytes(self) -> int:
        """Size of all pending content."""
        return sum(entry.size_bytes for entry in self.entries.values())

    def put(self, key: str, data: bytes) -> None:
        """Add a write.

        If the content continues pending content with the same key, it replaces that content. A growing log is therefore
        delivered once, and no later than its beginning would have been.

        Args:
            key: Key in the store.
            data: Content of the object.

        Raises:
            SpoolFullError: The content exceeds the limit; none of it is kept.
            StoreError: The disk is full or broken; none of the content is kept.
        """
        size = len(data)
        for entry in reversed(self.entries.values()):
            if entry.key == key:
                if entry.operation == "put" and self._continues(entry, data):
                    with self._said("write"), replacing(self.content(entry)) as file:
                        file.write(data)
                    entry.size_bytes, entry.version = size, entry.version + 1
                    return
                break
        if size > _ALWAYS_TAKEN_BYTES and self.size_bytes + size > self._limit_bytes:
            raise SpoolFullError(
                f"the store fails, and {self.size_bytes >> 20} of {self._limit_bytes >> 20} MiB kept for it are used: "
                f"there is no room for {size >> 20} MiB more",
                where=self.folder,
                fix="repair the store and start the run again on this machine, which delivers them; "
                "training.spool_mib makes more room",
            )
        entry = Entry(self._next, "put", key, size)
        with self._said("write"), replacing(self.content(entry)) as file:
            file.write(data)
        self._append(entry)

    def delete(self, key: str, busy: Entry | None = None) -> None:
        """Add a removal, and drop pending entries that it makes unnecessary.

        Args:
            key: Key in the store.
            busy: The entry that is being delivered now.

        Raises:
            StoreError: The disk is full or broken.
        """
        needless = [entry for entry in self.entries.values() if entry.key == key and entry is not busy]
        self._append(Entry(self._next, "delete", key))
        for entry in needless:
            self.remove(entry)

    def content(self, entry: Entry) -> Path:
        """Path of the content of a write."""
        return self.folder / f"{entry.number:06d}.data"

    def remove(self, entry: Entry) -> None:
        """Remove an entry. Its description is deleted first, because an entry exists only with a description."""
        self.entries.pop(entry.number, None)
        (self.folder / f"{entry.number:06d}.json").unlink(missing_ok=True)
        self.content(entry).unlink(missing_ok=True)

    def close(self, *, keep: bool) -> None:
        """Release the folder, and delete it with its content unless `keep` is set."""
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)
            with contextlib.suppress(OSError):
                self.folder.parent.rmdir()
        self._lock.release()

    def _remove_what_a_kill_cut(self) -> None:
        for path in self.folder.glob("*.data"):
            if int(path.stem) not in self.entries:
                path.unlink()
        for path in self.folder.glob(f"{TEMPORARY_PREFIX}*"):
            path.unlink()

    def _continues(self, entry: Entry, data: bytes) -> bool:
        if entry.size_bytes > min(len(data), _ALWAYS_TAKEN_BYTES):
            return False
        return data[: entry.size_bytes] == self.content(entry).read_bytes()

    def _append(self, entry: Entry) -> None:
        said = {"operation": entry.operation, "key": entry.key}
        try:
            with self._said("write"), replacing(self.folder / f"{entry.number:06d}.json") as file:
                file.write(json.dumps(said).encode())
        except StoreError:
            self.content(entry).unlink(missing_ok=True)
            raise
        self.entries[entry.number] = entry
        self._next += 1

    def _take_up(self, path: Path) -> None:
        said = json.loads(path.read_text(encoding="utf-8"))
        entry = Entry(int(path.stem), said["operation"], said["key"])
        if entry.operation == "put":
            entry.size_bytes = self.content(entry).stat().st_size
        self.entries[entry.number] = entry

    @contextlib.contextmanager
    def _said(self, verb: str) -> Iterator[None]:
        try:
            yield
        except BlockingIOError:
            raise
        except OSError as error:
            fix = _NAME_ANOTHER
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                fix = "make room there, or point GRIDCTL_SPOOL at a larger disk"
            raise StoreError(
                f"cannot {verb} what is kept for the store: {error.strerror}", where=self.folder, fix=fix
            ) from None


def leftovers(folder: Path, limit_bytes: int) -> Iterator[tuple[str, Spool]]:
    """Find the spools that dead attempts at a run left on this machine, oldest first.

    Args:
        folder: Folder of the run, as `folder_of` returns it.
        limit_bytes: As for `Spool`.

    Yields:
        The name of the attempt's folder, and its locked spool.
    """
    for path in sorted(folder.glob("*-*")):
        try:
            spool = Spool(path, limit_bytes)
        except BlockingIOError:
            continue
        if not spool.is_locked:
            _log.warning("%s is left alone: without locks, nobody knows whether its attempt is still running", path)
            continue
        yield path.name, spool


def attempt_folder(name: AttemptName) -> str:
    """Name of the folder of an attempt."""
    return f"{name.number:03d}-{name.uid}"
