"""The interface of a store, in which runs keep everything: `s3://bucket/prefix` or a folder."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from gridctl_trainer.contract.errors import NotAnObjectError, StoreError
from gridctl_trainer.contract.location import read_location
from gridctl_trainer.host.atomic_file import TEMPORARY_PREFIX

_DELETED_TOGETHER: Final = 100


@dataclass(frozen=True, slots=True)
class Stat:
    """Metadata of an object in a listing.

    Attributes:
        key: Key relative to the store.
        size_bytes: Length of the content.
        etag: A token that changes whenever the content does.
        modified: Time of the last change, in seconds since the epoch.
    """

    key: str
    size_bytes: int
    etag: str
    modified: float


@dataclass(frozen=True, slots=True)
class Blob:
    """The whole content of an object, with its ETag."""

    data: bytes
    etag: str


class Store(Protocol):
    """Holds whole objects by key. Keys are relative, `/`-separated, and come from `layout`.

    Every method raises `StoreError` if the store cannot be reached or refuses the request. Writes are atomic: readers
    see either the whole old object or the whole new one, whatever fails.
    """

    @property
    def url(self) -> str:
        """The URL with which `open_store` opens this store again."""

    def get(self, key: str, max_bytes: int | None = None) -> Blob:
        """Read an object.

        Raises:
            NotFoundError: There is no such object.
            StoreError: The object is larger than `max_bytes`, among other reasons.
        """

    def get_file(self, key: str, path: Path) -> None:
        """Read an object of any size into a file, which is written atomically.

        Raises:
            NotFoundError: There is no such object.
        """

    def put(self, key: str, data: bytes) -> str:
        """Write an object, replacing an older one, and return its ETag."""

    def put_file(self, key: str, path: Path) -> str:
        """Write an object of any size from a file, and return its ETag."""

    def create(self, key: str, data: bytes) -> bool:
        """Write an object only if it does not exist yet; of several concurrent writers, exactly one succeeds.

        Returns:
            Whether this call wrote the object.
        """

    def exists(self, key: str) -> bool:
        """Whether there is an object with this key."""

    def list(self, prefix: str = "") -> Iterator[Stat]:
        """List all objects whose keys begin with `prefix`, in the order of their keys."""

    def delete(self, key: str) -> None:
        """Remove an object. It is not an error if there is none."""


def bulk_reader(store: Store) -> Callable[[str, int | None], Blob]:
    """A function like `store.get` for reading many objects in several threads, which a store may speed up."""
    reader: Callable[[str, int | None], Blob] = getattr(store, "get_in_bulk", store.get)
    return reader


def bulk_writer(store: Store) -> Callable[[str, bytes], str]:
    """A function like `store.put` for writing many objects in several threads, which a store may speed up."""
    writer: Callable[[str, bytes], str] = getattr(store, "put_in_bulk", store.put)
    return writer


def delete_all(store: Store, keys: Sequence[str], at_once: int) -> None:
    """Remove many objects, for which a store may need fewer requests than there are objects.

    Args:
        store: Where they are.
        keys: Their keys. It is not an error if there is no object with one of them.
        at_once: How many requests are sent at a time.

    Raises:
        StoreError: The store failed. Some objects may be removed.
    """
    several: Callable[[Sequence[str]], Sequence[str]] | None = getattr(store, "delete_in_bulk", None)
    with ThreadPoolExecutor(at_once) as pool:
        if several is not None:
            batches = [keys[start : start + _DELETED_TOGETHER] for start in range(0, len(keys), _DELETED_TOGETHER)]
            keys = [key for left in pool.map(several, batches) for key in left]
        list(pool.map(store.delete, keys))


def folders_of(store: Store) -> Iterator[str]:
    """The distinct first parts of a store's keys. Stores that can do so list them without listing what lies below."""
    ask: Callable[[], Iterator[str]] | None = getattr(store, "folders", None)
    found = ask() if ask is not None else (stat.key.partition("/")[0] for stat in store.list() if "/" in stat.key)
    return (name for name in dict.fromkeys(found) if is_key(name))


def require_size(size_bytes: int, max_bytes: int | None, where: object) -> None:
    """Refuse an object that is too large, before it is read into memory.

    Args:
        size_bytes: Size of the object.
        max_bytes: Largest size allowed; None for any.
        where: The object, for the message.

    Raises:
        NotAnObjectError: The object is larger than `max_bytes`.
    """
    if max_bytes is not None and size_bytes > max_bytes:
        raise NotAnObjectError(
            f"it has {size_bytes / 1e6:,.1f} MB, far more than any such object", where=where, fix="check what it is"
        )


def require_key(key: str, where: object) -> str:
    """Return the key if every store can hold it: no part between `/` is empty, `.` or `..`.

    Raises:
        StoreError: The key is invalid.
    """
    if not is_key(key):
        raise StoreError(f"not a key: {key!r}", where=where)
    return key


def is_key(key: str) -> bool:
    """Whether every store can hold a key. S3 allows more keys, so a bucket may hold objects that are ignored."""
    parts = key.split("/")
    return (
        all(parts)
        and not any(part in (".", "..") or part.startswith(TEMPORARY_PREFIX) for part in parts)
        and (key.isprintable() or not any(unicodedata.category(letter) in ("Cc", "Cs") for letter in key))
    )


def open_store(url: str) -> Store:
    """Open the store at a URL.

    Args:
        url: `s3://bucket/prefix`, `file:///folder`, or the path of a folder.

    Raises:
        LocationError: The URL is none of these.
        StoreError: The AWS settings of this machine are invalid.
    """
    location = read_location(url)
    if location.is_remote:
        from gridctl_trainer.storage.s3.store import S3Store

        return S3Store.open(location)
    from gridctl_trainer.storage.folder import FolderStore

    return FolderStore(location.folder)
