"""Which objects of a store a report is made from, and their SHA-256."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from gridctl.collection.read_cache import ReadCache
from gridctl.collection.run_objects import object_or_fault
from gridctl_trainer.contract import layout
from gridctl_trainer.contract.errors import StoreError
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.base import Blob, Stat, Store, require_size

_AT_ONCE: Final = 16
_MAX_BYTES: Final = 512 << 20
"""Of an object: a report reads no larger one."""

UNREADABLE: Final = "unreadable"
"""In place of the SHA-256 of an object that is there and cannot be read."""


def object_digests(
    store: Store, experiment: str, runs: Sequence[RunSpec], *, fresh: bool = False, only: Container[str] | None = None
) -> dict[str, str]:
    """SHA-256 of each object that a report of these runs is made from, by key, in the order of the keys.

    They are the experiment file, the seal, the history, and of every run its specification, metric logs, result and
    scores of cases.

    Args:
        store: Where they are.
        experiment: Its name.
        runs: Of the grid.
        fresh: Read every object; else the digest of one whose ETag is known is taken from this machine's cache.
        only: Keys that are wanted, whatever the grid is.

    Raises:
        StoreError: The store cannot be reached.
    """
    cache = ReadCache(None) if fresh else ReadCache.of(store)
    wanted = {run.run_id for run in runs}

    def digest(stat: Stat) -> str | None:
        def hashed() -> Blob:
            require_size(stat.size_bytes, _MAX_BYTES, f"{store.url}/{stat.key}")
            blob = store.get(stat.key, _MAX_BYTES)
            return Blob(hashlib.sha256(blob.data).hexdigest().encode(), blob.etag)

        found = object_or_fault(lambda: cache.get(f"{stat.key} sha256", stat.etag, hashed))
        return UNREADABLE if isinstance(found, StoreError) else found.decode() if found else None

    stats = [
        stat
        for stat in store.list(layout.experiment_prefix(experiment))
        if (_is_read(stat.key, wanted) if only is None else stat.key in only)
    ]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        digests = pool.map(digest, stats)
        return {stat.key: found for stat, found in zip(stats, digests, strict=True) if found}


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
