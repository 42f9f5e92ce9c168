"""A cache of objects of a remote store, so that only objects that changed are read again."""

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
    """One file per object of a store, with its ETag; damaged files are read again."""

    def __init__(self, folder: Path | None, namespace: str = "") -> None:
        """Keep objects in `folder`; None keeps nothing."""
        self._folder = folder
        self._namespace = namespace

    @classmethod
    def of(cls, store: Store, *, folders: bool = False) -> ReadCache:
        """This user's cache for a store.

        Args:
            store: Whose objects are kept.
            folders: Whether to cache folders too: for objects whose processing, not reading, takes long.
        """
        if not folders and not store.url.startswith("s3://"):
            return cls(None)
        try:
            folder = writable(cache_folder() / "objects", "XDG_CACHE_HOME", "cache")
        except OSError:
            return cls(None)
        endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""
        return cls(folder, f"{endpoint} {store.url}")

    @property
    def keeps(self) -> bool:
        """Whether anything is kept."""
        return self._folder is not None

    def get(self, key: str, etag: str, read: Callable[[], Blob]) -> bytes:
        """An object's content.

        Args:
            key: Of the object.
            etag: Its ETag as just listed.
            read: Reads it from the store.

        Returns:
            The cached content for this ETag, else what `read` returns, which is then cached.
        """
        data = self.kept(key, etag)
        if data is not None:
            return data
        blob = read()
        self.keep(key, blob.etag, blob.data)
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
            with replacing(path, synced=False) as file:  # the digest detects damage by a crash
                file.write(b"\n".join((etag.encode(), _digest(data), data)))
        except OSError as error:  # a full disk costs time, not the result
            _say_once(f"cannot write the cache in {self._folder} ({error.strerror}): what was read is not kept")

    def _path(self, folder: Path, key: str) -> Path:
        name = hashlib.sha256(f"{self._namespace} {key}".encode()).hexdigest()
        return folder / name[:2] / name


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).hexdigest().encode()


@functools.cache
def _say_once(text: str) -> None:
    """However many files it is about."""
    _log.warning("%s", text)
