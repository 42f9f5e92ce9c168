"""SHA-256 of objects of a store, one cached file per experiment, so that a report need not read again what was read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Final

from gridctl.collection.read_cache import ReadCache
from gridctl_trainer.storage.base import Blob

_FORM: Final = "1"
"""Of the file; one of another form is not used."""


class ObjectDigests:
    """Digests of the objects of an experiment by key, each valid for one ETag. It is thread-safe, except for `keep`.

    Two processes that keep digests at the same time may lose some of them, which are then computed again.
    """

    def __init__(self, cache: ReadCache, experiment: str) -> None:
        self._cache = cache
        self._key = f"{experiment}/ digests"
        self._new: dict[str, tuple[str, str]] = {}

    def get(self, key: str, etag: str, read: Callable[[], Blob]) -> str:
        """The SHA-256 of an object, as hex digits.

        Args:
            key: Of the object.
            etag: Its ETag as just listed.
            read: Reads it, if its digest is not known.
        """
        known_etag, digest = self._kept.get(key, ("", ""))
        return digest if digest and known_etag == etag else self._note(key, read())

    def read(self, key: str, etag: str, read: Callable[[], Blob]) -> bytes:
        """The content of an object, of which the digest is noted.

        Args:
            key: Of the object.
            etag: Its ETag as just listed.
            read: Reads it from the store, if the cache does not have it.
        """
        data = self._cache.kept(key, etag)
        if data is None:
            blob = read()
            if self._cache.keeps:
                self._note(key, blob)
            data = blob.data
        return data

    def keep(self) -> None:
        """Write what was noted."""
        if self._new and self._cache.keeps:
            self._cache.keep(self._key, _FORM, json.dumps({**self._read(), **self._new}).encode())

    @cached_property
    def _kept(self) -> Mapping[str, tuple[str, str]]:
        return self._read()  # a collection, which only adds, does not need them

    def _read(self) -> Mapping[str, tuple[str, str]]:
        kept = self._cache.kept(self._key, _FORM)
        found: Mapping[str, tuple[str, str]] = json.loads(kept) if kept else {}
        return found

    def _note(self, key: str, blob: Blob) -> str:
        digest = hashlib.sha256(blob.data).hexdigest()
        self._new[key] = blob.etag, digest
        return digest
