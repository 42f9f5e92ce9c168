"""A remote store whose failures do not affect training: writes go to a spool, and from there to the store, in order."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from gridctl_trainer.contract.errors import NotFoundError, RefusedObjectError, StoreError
from gridctl_trainer.host.atomic_file import replacing
from gridctl_trainer.host.signals import StopSignal
from gridctl_trainer.storage.base import Blob, Stat, Store, require_key
from gridctl_trainer.storage.retry import BACKOFF, Retry
from gridctl_trainer.storage.write_behind.spool import Entry, Spool

_SAID_EVERY_S: Final = 300.0
_LOOKED_EVERY_S: Final = 0.1

_log = logging.getLogger(__name__)


class SpooledStore:
    """A `Store` that accepts every write immediately and delivers it in a separate thread.

    Reads see everything that was written through this object, whether delivered or not, and wait while the store fails
    temporarily. Writes fail only if the local disk fails or the spool is full.

    Args:
        store: The remote store.
        spool: Holds pending writes; anything left over in it is delivered first.
        retry: Repeats reads while the store fails.
        reopen: Opens the store again after failures, with the credentials as they are then.
    """

    def __init__(self, store: Store, spool: Spool, retry: Retry, reopen: Callable[[], Store]) -> None:
        self._store = store
        self._spool = spool
        self._retry = retry
        self._reopen = reopen
        self._turn = threading.Condition()
        self._busy: Entry | None = None
        self._failure: StoreError | None = None
        self._failing_since = 0.0
        self._closed = False
        self._thread = threading.Thread(target=self._deliver, name="delivery", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return self._store.url

    @property
    def failure(self) -> StoreError | None:
        """Why nothing can be delivered at the moment; None if the store works."""
        return self._failure

    @property
    def hopeless(self) -> bool:
        """Whether the store will never accept the next write, such as a checkpoint that is too large for it."""
        return isinstance(self._failure, RefusedObjectError)

    @property
    def waiting(self) -> int:
        """Number of writes and removals that the store has not accepted yet."""
        return len(self._spool.entries)

    @property
    def folder(self) -> Path:
        """Folder of the spool."""
        return self._spool.folder

    def put(self, key: str, data: bytes) -> str:
        require_key(key, self.url)
        with self._turn:
            self._spool.put(key, data)
            self._turn.notify_all()
        return _etag(data)

    def put_file(self, key: str, path: Path) -> str:
        try:
            data = path.read_bytes()
        except OSError as error:
            raise StoreError(error.strerror or str(error), where=path) from error
        return self.put(key, data)

    def delete(self, key: str) -> None:
        require_key(key, self.url)
        with self._turn:
            self._spool.delete(key, self._busy)
            self._turn.notify_all()

    def create(self, key: str, data: bytes) -> bool:
        self._retry(lambda: self._await(key))
        return self._retry(lambda: self._store.create(key, data))

    def get(self, key: str, max_bytes: int | None = None) -> Blob:
        with self._turn:
            waiting = self._newest(key)
            if waiting and waiting.operation == "put":
                data = self._spool.content(waiting).read_bytes()
                return Blob(data, _etag(data))
        if waiting:
            raise NotFoundError("there is no such object", where=f"{self.url}/{key}")
        return self._retry(lambda: self._store.get(key, max_bytes))

    def get_file(self, key: str, path: Path) -> None:
        with self._turn:
            waiting = self._newest(key)
        if waiting:
            data = self.get(key).data
            with replacing(path) as file:
                file.write(data)
            return
        self._retry(lambda: self._store.get_file(key, path))

    def exists(self, key: str) -> bool:
        with self._turn:
            waiting = self._newest(key)
        return waiting.operation == "put" if waiting else self._retry(lambda: self._store.exists(key))

    def list(self, prefix: str = "") -> Iterator[Stat]:
        waiting: dict[str, Stat | None] = {}
        with self._turn:  # looked up first, so that an entry that is delivered meanwhile appears in one of the two
            for entry in self._spool.entries.values():
                if entry.key.startswith(prefix):
                    waiting[entry.key] = self._stat(entry) if entry.operation == "put" else None
        found: dict[str, Stat | None] = {stat.key: stat for stat in self._retry(lambda: list(self._store.list(prefix)))}
        found |= waiting
        return (stat for _, stat in sorted(found.items()) if stat)

    def settle(self, seconds: float, *, while_well: bool = False, stop: StopSignal | None = None) -> bool:
        """Wait until the store has accepted everything, or refuses something permanently.

        Args:
            seconds: How long to wait at most.
            while_well: Whether to give up as soon as the store fails.
            stop: Ends the waiting when a stop is requested.

        Returns:
            Whether the store has accepted everything.
        """
        until = time.monotonic() + seconds
        with self._turn:
            while self._spool.entries:
                left = until - time.monotonic()
                given_up = self._failure is not None and (while_well or self.hopeless)
                if left <= 0 or given_up or (stop and stop.requested):
                    return False
                self._turn.wait(min(left, _LOOKED_EVERY_S))
        return True

    def close(self) -> None:
        """Stop delivering. Pending writes stay on disk."""
        with self._turn:
            if self._closed:
                return
            self._closed = True
            self._turn.notify_all()
        self._thread.join(timeout=2)
        with self._turn:
            self._spool.close(keep=bool(self._spool.entries))

    def _stat(self, entry: Entry) -> Stat:
        data = self._spool.content(entry).read_bytes()
        return Stat(entry.key, len(data), _etag(data), time.time())

    def _await(self, key: str) -> None:
        """Wait until nothing is pending for a key.

        Raises:
            StoreError: The store fails.
        """
        with self._turn:
            while self._newest(key):
                if self._failure:
                    raise StoreError(self._failure.problems, passing=True)
                self._turn.wait(_LOOKED_EVERY_S)

    def _newest(self, key: str) -> Entry | None:
        return next((entry for entry in reversed(self._spool.entries.values()) if entry.key == key), None)

    def _deliver(self) -> None:
        failures, say_at = 0, 0.0
        while True:
            with self._turn:
                while not self._spool.entries and not self._closed:
                    self._turn.wait()
                if self._closed:
                    return
                entry = self._busy = next(iter(self._spool.entries.values()))
                version = entry.version
            error = self._send(entry)
            if error:
                failures += 1
                now = time.monotonic()
                self._failing_since = self._failing_since or now
                self._failure = error
                if now >= say_at:
                    say_at = now + _SAID_EVERY_S
                    _log.warning(
                        "the store fails: %s; training continues, and its writes are kept in %s",
                        error.problems[0].what,
                        self.folder,
                    )
            else:
                if self._failure:
                    _log.info("the store accepts writes again after %.0f s", time.monotonic() - self._failing_since)
                failures, say_at, self._failing_since, self._failure = 0, 0.0, 0.0, None
            with self._turn:
                self._busy = None
                if not self._failure and entry.version == version:
                    self._spool.remove(entry)
                self._turn.notify_all()
                if self._failure:
                    until = time.monotonic() + BACKOFF.pause_s(failures)
                    while not self._closed and (left := until - time.monotonic()) > 0:
                        self._turn.wait(left)
            if failures > 1:
                self._renew()

    def _send(self, entry: Entry) -> StoreError | None:
        """Deliver one entry. Any unexpected error is treated as a failing store, so that the delivery is repeated."""
        try:
            if entry.operation == "delete":
                self._store.delete(entry.key)
            elif self._spool.content(entry).exists():
                self._store.put_file(entry.key, self._spool.content(entry))
            else:
                _log.error("%s was removed from %s before it was delivered", entry.key, self.folder)
        except StoreError as error:
            return error
        except Exception as error:
            _log.exception("a bug in the delivery of %s", entry.key)
            return StoreError(f"{type(error).__name__}: {error}", where=f"{self.url}/{entry.key}")
        return None

    def _renew(self) -> None:
        try:
            self._store = self._reopen()
        except StoreError as error:
            self._failure = error


def _etag(data: bytes) -> str:
    """The ETag of pending content, which differs from the one that the store assigns."""
    return hashlib.sha256(data).hexdigest()
