"""Objects of a remote store that were read before, so that only what changed is read again."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from gridctl_trainer.host.atomic_file import replacing
from gridctl_trainer.host.user_folders import cache_folder
from gridctl_trainer.storage.base import Blob, Store


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
            folder = cache_folder() / "objects"
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
        if self._folder is None:
            return read().data
        name = hashlib.sha256(f"{self._namespace} {key}".encode()).hexdigest()
        path = self._folder / name[:2] / name
        with contextlib.suppress(OSError):
            kept_etag, digest, data = path.read_bytes().split(b"\n", 2)
            if kept_etag == etag.encode() and digest == _digest(data):
                return data
        blob = read()
        with contextlib.suppress(OSError):  # a full disk costs time, not the answer
            path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(path) as file:
                file.write(b"\n".join((blob.etag.encode(), _digest(blob.data), blob.data)))
        return blob.data


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).hexdigest().encode()
