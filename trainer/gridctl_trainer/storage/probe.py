"""Tests whether a store does what a run needs, before anything is trained."""

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

    The name of the object is unique, so probes disturb neither runs nor each other. `submit` probes once if it has
    anything to start. Each attempt at a run probes as well, because its credentials and network may differ. A probe
    takes six requests, and a versioned bucket keeps three old versions of the object. If nothing may be deleted, the
    probe fails and the object stays; `gridctl delete` removes it together with the experiment.

    Args:
        store: The store to test.
        experiment: The experiment under whose prefix the object is written.

    Returns:
        What a user should know about a store that is usable; empty if there is nothing.

    Raises:
        StoreError: A run could not finish in this store; the error says why.
    """
    key = f"{experiment}/probe-{uuid.uuid4().hex}"
    with _of_the_store(key), _removed_at_last(store, key):
        _require_conditional_writes(store, key)
        with _asked("replace objects"):
            store.put(key, b"3")
        with _asked("read objects"):
            read = store.get(key).data
        if read != b"3":
            raise StoreError("it does not return what was written", where=store.url, fix="use another store")
        with _asked("list objects"):
            listed = [stat.key for stat in store.list(key)]
        if listed != [key]:
            raise StoreError("it does not list what was just written", where=store.url, fix="use another store")
        return _notice(store, key)


def _require_conditional_writes(store: Store, key: str) -> None:
    """Refuse a store without conditional writes, as the first result of a run must never be replaced.

    A report may already show the first result by the time a second one arrives.
    """
    try:
        first, second = store.create(key, b"1"), store.create(key, b"2")
    except StoreError as error:
        if error.passing:
            raise
        with _asked("write objects"):
            store.put(key, b"1")  # if this is refused as well, conditional writes are not the problem
        said = error.problems[0].what
        raise StoreError(
            f"it cannot write an object only if there is none: {said}", where=store.url, fix=_CONDITIONAL_FIX
        ) from None
    if not first:
        what = "it claims that an object exists that was never written (If-None-Match)"
        raise StoreError(what, where=store.url, fix=_CONDITIONAL_FIX)
    if second:
        what = "it overwrites an object despite being asked not to (If-None-Match)"
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
    return "this file system has no hard links, so claim files make sure that the first result stays"


@contextlib.contextmanager
def _of_the_store(key: str) -> Iterator[None]:
    """Report faults of the probe's object as faults of the store, because users do not know the object."""
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
    """Say which permission is missing if the store refuses."""
    try:
        yield
    except StoreError as error:
        if error.passing:
            raise
        first = error.problems[0]
        raise StoreError([Problem(f"cannot {what}: {first.what}", first.where, first.fix)]) from None
