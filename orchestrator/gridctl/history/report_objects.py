"""Which objects of a store a report is made from, and their SHA-256."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from gridctl.collection.object_digests import ObjectDigests
from gridctl.collection.read_cache import ReadCache
from gridctl.collection.run_objects import object_or_fault
from gridctl_trainer.contract import layout
from gridctl_trainer.contract.errors import StoreError
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.base import Blob, Stat, Store, bulk_reader, require_size

_AT_ONCE: Final = 32
_MAX_BYTES: Final = 512 << 20
"""Largest object that a report reads, in bytes."""

UNREADABLE: Final = "unreadable"
"""Stands for the SHA-256 of an object that exists but cannot be read."""


def objects_of_report(listed: Iterable[Stat], runs: Iterable[RunSpec]) -> list[Stat]:
    """The objects that a report of these runs is made from.

    They are the experiment file, the seal, the history, and of every run its specification, metric logs, result and
    scores of cases.

    Args:
        listed: All of the experiment.
        runs: Of the grid.
    """
    wanted = {run.run_id for run in runs}
    return [stat for stat in listed if _is_read(stat.key, wanted)]


def object_digests(store: Store, listed: Sequence[Stat], *, fresh: bool = False) -> dict[str, str]:
    """SHA-256 of objects by key, in their order.

    Args:
        store: Where they are.
        listed: Those wanted.
        fresh: Read every object; else one whose ETag is known is taken from this machine's cache.

    Raises:
        StoreError: The store cannot be reached.
    """
    if not listed:
        return {}
    cache = ReadCache(None) if fresh else ReadCache.of(store)
    known, read_one = ObjectDigests(cache, listed[0].key.partition("/")[0]), bulk_reader(store)

    def digest(stat: Stat) -> str | None:
        def whole() -> Blob:
            require_size(stat.size_bytes, _MAX_BYTES, f"{store.url}/{stat.key}")
            read = cache.kept(stat.key, stat.etag)  # by the collection, a moment ago
            return read_one(stat.key, _MAX_BYTES) if read is None else Blob(read, stat.etag)

        found = object_or_fault(lambda: known.get(stat.key, stat.etag, whole))
        return UNREADABLE if isinstance(found, StoreError) else found

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        digests = list(pool.map(digest, listed))
    known.keep()
    return {stat.key: found for stat, found in zip(listed, digests, strict=True) if found}


def _is_read(key: str, wanted: set[str]) -> bool:
    of_run = layout.run_of(key)
    if of_run is None:
        experiment = key.partition("/")[0]
        return key in (layout.experiment_yaml(experiment), layout.seal(experiment)) or (
            key.startswith(layout.history_prefix(experiment)) and key.endswith(".json")
        )
    if of_run.run_id not in wanted:
        return False
    return key in (of_run.spec, of_run.result, of_run.cases) or layout.attempt_of(key) is not None
