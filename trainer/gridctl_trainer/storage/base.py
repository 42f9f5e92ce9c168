"""The one door to where runs keep everything: `s3://bucket/prefix` or a folder."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from gridctl_trainer.contract.errors import NotAnObjectError, StoreError
from gridctl_trainer.contract.location import read_location
from gridctl_trainer.host.atomic_file import TEMPORARY_PREFIX


@dataclass(frozen=True, slots=True)
class Stat:
    """What a listing says of an object.

    Attributes:
        key: Relative to the store.
        size_bytes: Its length.
        etag: Changes whenever the content does.
        modified: Seconds since the epoch.
    """

    key: str
    size_bytes: int
    etag: str
    modified: float


@dataclass(frozen=True, slots=True)
class Blob:
    """An object read whole."""

    data: bytes
    etag: str


class Store(Protocol):
    """Whole objects by key. Keys are relative, `/`-separated, and come from `layout`.

    Every method raises `StoreError` when the store cannot be reached or refuses.
    A put is atomic: readers see the whole old object or the whole new one, whatever fails.
    """

    @property
    def url(self) -> str:
        """What opens this store again: `open_store(store.url)`."""

    def get(self, key: str, max_bytes: int | None = None) -> Blob:
        """Read an object.

        Raises:
            NotFoundError: There is none.
            StoreError: It is larger than `max_bytes`, among other reasons.
        """

    def get_file(self, key: str, path: Path) -> None:
        """Read an object of any size into a file, which appears whole or not at all.

        Raises:
            NotFoundError: There is none.
        """

    def put(self, key: str, data: bytes) -> str:
        """Write an object, replacing an older one; returns its ETag."""

    def put_file(self, key: str, path: Path) -> str:
        """Write an object of any size from a file; returns its ETag."""

    def create(self, key: str, data: bytes) -> bool:
        """Write an object only if there is none; of several writers at once just one wins.

        Returns:
            Whether this call wrote it.
        """

    def exists(self, key: str) -> bool:
        """Whether there is an object at this key."""

    def list(self, prefix: str = "") -> Iterator[Stat]:
        """All objects whose keys begin with `prefix`, in the order of their keys."""

    def delete(self, key: str) -> None:
        """Remove an object; none there is no error."""


def bulk_reader(store: Store) -> Callable[[str, int | None], Blob]:
    """What reads one object of many that several threads read: as `get`, unless a store has something better."""
    reader: Callable[[str, int | None], Blob] = getattr(store, "get_in_bulk", store.get)
    return reader


def folders_of(store: Store) -> Iterator[str]:
    """The first parts of its keys, without looking at what lies below them where a store can be asked so."""
    ask: Callable[[], Iterator[str]] | None = getattr(store, "folders", None)
    found = ask() if ask is not None else (stat.key.partition("/")[0] for stat in store.list() if "/" in stat.key)
    return (name for name in dict.fromkeys(found) if is_key(name))


def require_size(size_bytes: int, max_bytes: int | None, where: object) -> None:
    """Refuse an object before it is read into memory.

    Raises:
        NotAnObjectError: It is larger than it may be.
    """
    if max_bytes is not None and size_bytes > max_bytes:
        raise NotAnObjectError(
            f"it has {size_bytes / 1e6:,.1f} MB, far more than any such object", where=where, fix="look what it is"
        )


def require_key(key: str, where: object) -> str:
    """A key that every store can hold: parts between `/`, none empty or a step to elsewhere.

    Raises:
        StoreError: It is not one.
    """
    if not is_key(key):
        raise StoreError(f"not a key: {key!r}", where=where)
    return key


def is_key(key: str) -> bool:
    """Whether every store can hold a key. S3 allows more, so a bucket may hold objects that are passed over."""
    parts = key.split("/")
    return (
        all(parts)
        and not any(part in (".", "..") or part.startswith(TEMPORARY_PREFIX) for part in parts)
        and (key.isprintable() or not any(unicodedata.category(letter) in ("Cc", "Cs") for letter in key))
    )


def open_store(url: str) -> Store:
    """The store at a URL.

    Args:
        url: `s3://bucket/prefix`, `file:///folder`, or the path of a folder.

    Raises:
        LocationError: It is none of these.
        StoreError: The AWS settings of this machine are not valid.
    """
    location = read_location(url)
    if location.is_remote:
        from gridctl_trainer.storage.s3.store import S3Store

        return S3Store.open(location)
    from gridctl_trainer.storage.folder import FolderStore

    return FolderStore(location.folder)
