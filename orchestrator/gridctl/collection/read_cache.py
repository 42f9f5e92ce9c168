"""Objects of a remote store that were read before, so that only what changed is read again."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import logging
import os
from collections.abc import Callable
from pathlib import Path

from gridctl_trainer.host.atomic_file import replacing
from gridctl_trainer.host.user_folders import cache_folder, writable
from gridctl_trainer.storage.base import Blob, Store

_log = logging.getLogger(__name__)


class ReadCache:
    """One file for each object of a store, with the ETag it had; damaged files are read anew."""

    def __init__(self, folder: Path | None, namespace: str = "") -> None:
        """Keep objects in `folder`; None keeps nothing."""
        self._folder = folder
        self._namespace = namespace

    @classmethod
    def of(cls, store: Store, *, folders: bool = False) -> ReadCache:
        """This user's cache for a store.

        Args:
            store: Whose objects are kept.
            folders: Also those of a folder: where it is not reading that takes long, but what is made of it.
        """
        if not folders and not store.url.startswith("s3://"):
            return cls(None)
        try:
            folder = writable(cache_folder() / "objects", "XDG_CACHE_HOME", "cache")
        except OSError:
            return cls(None)
        endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""
        return cls(folder, f"{endpoint} {store.url}")

    def get(self, key: str, etag: str, read: Callable[[], Blob]) -> bytes:
        """An object's content.

        Args:
            key: Of the object.
            etag: As just listed.
            read: Reads it from the store.

        Returns:
            What was kept under this ETag, else what `read` returns, which is then kept.
        """
        data = self.kept(key, etag)
        if data is not None:
            return data
        blob = read()
        self.keep(key, blob.etag, blob.data)
        return blob.data

    def get_and_keep_digest(self, key: str, etag: str, read: Callable[[], Blob]) -> bytes:
        """As `get`, where only the SHA-256 of what was read is kept: for what something else is kept of."""
        data = self.kept(key, etag)
        if data is not None:
            return data
        blob = read()
        self.keep(key_of_digest(key), blob.etag, _digest(blob.data))
        return blob.data

    def kept(self, key: str, etag: str) -> bytes | None:
        """What was kept under this key and ETag, undamaged; None if nothing was."""
        if self._folder is None:
            return None
        try:
            content = self._path(self._folder, key).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            _say_once(f"cannot read the cache in {self._folder} ({error.strerror}): everything is read from the store")
            return None
        kept_etag, *rest = content.split(b"\n", 2)
        if len(rest) < 2 or rest[0] != _digest(rest[1]):
            _say_once(f"the cache in {self._folder} has damaged files: what they held is read from the store again")
            return None
        return rest[1] if kept_etag == etag.encode() else None

    def etag_of(self, key: str) -> str:
        """Under which ETag something is kept at this key; empty if nothing is."""
        if self._folder is None:
            return ""
        with contextlib.suppress(OSError), self._path(self._folder, key).open("rb") as file:
            return file.readline().decode(errors="replace").rstrip("\n")
        return ""

    def keep(self, key: str, etag: str, data: bytes) -> None:
        """Keep an object, in place of what was kept under this key."""
        if self._folder is None:
            return
        path = self._path(self._folder, key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(path, synced=False) as file:  # what a crash damages, its digest tells
                file.write(b"\n".join((etag.encode(), _digest(data), data)))
        except OSError as error:  # a full disk costs time, not the answer
            _say_once(f"cannot write the cache in {self._folder} ({error.strerror}): what was read is not kept")

    def _path(self, folder: Path, key: str) -> Path:
        name = hashlib.sha256(f"{self._namespace} {key}".encode()).hexdigest()
        return folder / name[:2] / name


def key_of_digest(key: str) -> str:
    """Where the SHA-256 of an object is kept, as hex digits."""
    return f"{key} sha256"


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).hexdigest().encode()


@functools.cache
def _say_once(text: str) -> None:
    """However many files it is about."""
    _log.warning("%s", text)
