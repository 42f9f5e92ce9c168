"""Whether a store does what a run needs, asked before anything is trained."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator
from pathlib import Path

from gridctl_trainer.contract.errors import Problem, StoreError
from gridctl_trainer.host.exclusive_rename import has_hard_links
from gridctl_trainer.storage.base import Store

_CONDITIONAL_FIX = (
    "use an S3 server with conditional writes (If-None-Match), as AWS, MinIO, Ceph and versitygw have, or a folder"
)


def probe(store: Store, experiment: str) -> str:
    """Create, create again, replace, read, list and delete one small object, as a run will.

    Its name is unique and no run's, so probes disturb neither runs nor each other. `submit` probes once if it has
    something to start, and so does each attempt at a run, because its credentials and network may be different. That
    is six requests. A bucket with versioning keeps three old versions of the object. Where nothing may be deleted, the
    probe fails and the object stays; `gridctl delete` removes it with the experiment.

    Args:
        store: The store to ask.
        experiment: The experiment under whose prefix the object is written.

    Returns:
        What a user should know about a store that will do; empty if there is nothing.

    Raises:
        StoreError: A run could not finish there, and why.
    """
    key = f"{experiment}/probe-{uuid.uuid4().hex}"
    with _of_the_store(key), _removed_at_last(store, key):
        _require_conditional_writes(store, key)
        with _asked("replace objects"):
            store.put(key, b"3")
        with _asked("read objects"):
            read = store.get(key).data
        if read != b"3":
            raise StoreError("what is read is not what was written", where=store.url, fix="use another store")
        with _asked("list objects"):
            listed = [stat.key for stat in store.list(key)]
        if listed != [key]:
            raise StoreError("it does not list what was just written", where=store.url, fix="use another store")
        return _notice(store, key)


def _require_conditional_writes(store: Store, key: str) -> None:
    """The first result of a run must stay: it may be in a report by the time a second one comes."""
    try:
        first, second = store.create(key, b"1"), store.create(key, b"2")
    except StoreError as error:
        if error.passing:
            raise
        with _asked("write objects"):
            store.put(key, b"1")  # refused as well: then conditions are not what is wrong
        said = error.problems[0].what
        raise StoreError(
            f"it cannot write an object only if there is none: {said}", where=store.url, fix=_CONDITIONAL_FIX
        ) from None
    if not first:
        what = "it says that an object exists which was never written (If-None-Match)"
        raise StoreError(what, where=store.url, fix=_CONDITIONAL_FIX)
    if second:
        what = "it overwrites an object that it was asked not to (If-None-Match)"
        raise StoreError(what, where=store.url, fix=_CONDITIONAL_FIX)


def _notice(store: Store, key: str) -> str:
    if "://" in store.url:
        return ""
    folder = Path(store.url, key).parent
    try:
        if has_hard_links(folder):
            return ""
    except OSError as error:
        raise StoreError(error.strerror or str(error), where=folder, fix="make it writable") from None
    return "this file system has no hard links, so claim files see to it that the first result stays"


@contextlib.contextmanager
def _of_the_store(key: str) -> Iterator[None]:
    """Faults of the probe's object as those of its store: nobody knows that object."""
    try:
        yield
    except StoreError as error:
        problems = [
            Problem(item.what.replace(f"/{key}", ""), item.where.replace(f"/{key}", ""), item.fix)
            for item in error.problems
        ]
        raise type(error)(problems, passing=error.passing, doubtful=error.doubtful) from error


@contextlib.contextmanager
def _removed_at_last(store: Store, key: str) -> Iterator[None]:
    try:
        yield
    except BaseException:
        with contextlib.suppress(StoreError):
            store.delete(key)
        raise
    with _asked("delete objects"):
        store.delete(key)


@contextlib.contextmanager
def _asked(what: str) -> Iterator[None]:
    """Say which right is missing."""
    try:
        yield
    except StoreError as error:
        if error.passing:
            raise
        first = error.problems[0]
        raise StoreError([Problem(f"cannot {what}: {first.what}", first.where, first.fix)]) from None
