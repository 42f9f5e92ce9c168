"""The metric logs and results of runs, read many at a time; a damaged one is a problem of its run alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final, TypeVar

from gridctl.collection.read_cache import ReadCache
from gridctl_trainer.contract.errors import MetricLogError, NotFoundError, Problem, StoreError, shortened
from gridctl_trainer.contract.layout import attempt_of
from gridctl_trainer.contract.records.attempt_log import AttemptLog, read_attempt
from gridctl_trainer.contract.records.run_result import ResultRecord
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.base import Stat, Store, require_size

T = TypeVar("T")

OnRead = Callable[[int, int], None]
"""Called after each object with how many are read, and of how many."""

_AT_ONCE: Final = 16
_MAX_LOG_BYTES: Final = 512 << 20


@dataclass(slots=True)
class RunObjects:
    """What was read of one run."""

    logs: list[AttemptLog] = field(default_factory=list)
    result: ResultRecord | None = None


def read_objects(
    store: Store,
    wanted: Mapping[str, RunSpec],
    chosen: Sequence[tuple[str, Stat]],
    cache: ReadCache,
    problems: list[Problem],
    on_read: OnRead | None,
) -> dict[str, RunObjects]:
    """Read what was chosen of a listing.

    Args:
        store: Where it is.
        wanted: Runs by their ids.
        chosen: Metric logs and results, each with the id of its run.
        cache: Of objects read before.
        problems: Takes what is wrong with single objects.
        on_read: Told how far it is.

    Returns:
        By run id, of those runs that have any.

    Raises:
        StoreError: The store cannot be reached.
    """
    objects: dict[str, RunObjects] = {}
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        read = pool.map(lambda item: _get(store, item[1], cache), chosen)
        for number, ((run_id, stat), data) in enumerate(zip(chosen, read, strict=True), 1):
            if on_read is not None:
                on_read(number, len(chosen))
            if isinstance(data, StoreError):
                problems += data.problems
                continue
            if data is None:
                continue  # deleted since it was listed
            of_run = objects.setdefault(run_id, RunObjects())
            try:
                if attempt_of(stat.key):
                    of_run.logs.append(_log_of(run_id, stat.key, data, f"{store.url}/{stat.key}"))
                else:
                    of_run.result = ResultRecord.of_run(wanted[run_id], data, f"{store.url}/{stat.key}")
            except (MetricLogError, StoreError) as error:
                if data or not attempt_of(stat.key):  # an attempt's first write may still be on its way
                    problems += error.problems
    return objects


def _log_of(run_id: str, key: str, data: bytes, where: str) -> AttemptLog:
    log = read_attempt(data, where)
    if (log.attempt.run_id, attempt_of(key)) != (run_id, log.name):
        raise MetricLogError(
            f"it is the log of attempt {log.attempt.attempt} of another run, {shortened(log.attempt.run_id)}"
            if log.attempt.run_id != run_id
            else f"its first line is that of another attempt, {log.attempt.attempt}-{shortened(log.attempt.uid)}",
            where=where,
        )
    return log


def _get(store: Store, stat: Stat, cache: ReadCache) -> bytes | StoreError | None:
    """An object; None if it is gone; what is wrong with this one object, while others may be well.

    Raises:
        StoreError: The store cannot be reached.
    """
    limit = _MAX_LOG_BYTES if attempt_of(stat.key) else ResultRecord.max_bytes

    def read() -> bytes:
        require_size(stat.size_bytes, limit, f"{store.url}/{stat.key}")
        return cache.get(stat.key, stat.etag, lambda: store.get(stat.key, limit))

    return object_or_fault(read)


def object_or_fault(read: Callable[[], T]) -> T | StoreError | None:
    """What reading one object gives; None if it is gone; what is wrong with it, while others may be well.

    Raises:
        StoreError: The store cannot be reached.
    """
    try:
        return read()
    except NotFoundError:
        return None
    except StoreError as error:
        if error.passing:
            raise
        return error
