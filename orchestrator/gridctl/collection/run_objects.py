"""The metric logs and results of runs, read many at a time; a damaged one is a problem of its run alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Final, TypeVar

from gridctl.collection.attempt_columns import AttemptColumns
from gridctl_trainer.contract.errors import MetricLogError, NotFoundError, Problem, StoreError, shortened
from gridctl_trainer.contract.layout import attempt_of
from gridctl_trainer.contract.records.run_result import ResultRecord
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.base import Blob, Stat, Store, bulk_reader, require_size

T = TypeVar("T")

OnRead = Callable[[int, int], None]
"""Called after each object with how many are read, and of how many."""

Reads = Callable[[str, str, Callable[[], Blob]], bytes]
"""Given a key, its ETag and what reads the object from the store: its content."""

_AT_ONCE: Final = 32
_BATCH: Final = 64
_BATCH_BYTES: Final = 64 << 20
"""Two batches are in memory at a time."""

_MAX_LOG_BYTES: Final = 512 << 20


@dataclass(slots=True)
class RunObjects:
    """What was read of one run."""

    logs: list[AttemptColumns] = field(default_factory=list)
    result: ResultRecord | None = None


def read_objects(
    store: Store,
    wanted: Mapping[str, RunSpec],
    chosen: Sequence[tuple[str, Stat]],
    reads: Callable[[str, Stat], Reads],
    problems: list[Problem],
    on_read: OnRead | None,
) -> Iterator[tuple[str, RunObjects]]:
    """Read what was chosen of a listing; a run's objects are given up once they are taken, so that few are held.

    Args:
        store: Where it is.
        wanted: Runs by their ids.
        chosen: Metric logs and results, each with the id of its run; those of a run follow each other.
        reads: What reads an object of a run, from a cache if it was read before.
        problems: Takes what is wrong with single objects.
        on_read: Told how far it is.

    Yields:
        Each run of them, and what was read of it.

    Raises:
        StoreError: The store cannot be reached.
    """
    of_run = RunObjects()
    for number, ((run_id, stat), data) in enumerate(_contents(store, chosen, reads), 1):
        if on_read is not None:
            on_read(number, len(chosen))
        is_log = attempt_of(stat.key) is not None
        if isinstance(data, StoreError):
            problems += data.problems
        elif data is not None:  # else it was deleted since it was listed
            try:
                if is_log:
                    of_run.logs.append(_log_of(run_id, stat.key, data, f"{store.url}/{stat.key}"))
                else:
                    of_run.result = ResultRecord.of_run(wanted[run_id], data, f"{store.url}/{stat.key}")
            except (MetricLogError, StoreError) as error:
                if data or not is_log:  # an attempt's first write may still be on its way
                    problems += error.problems
        if number == len(chosen) or chosen[number][0] != run_id:
            yield run_id, of_run
            of_run = RunObjects()


def _contents(
    store: Store, chosen: Sequence[tuple[str, Stat]], reads: Callable[[str, Stat], Reads]
) -> Iterator[tuple[tuple[str, Stat], bytes | StoreError | None]]:
    """Each object and its content, read many at a time and not far ahead of who takes them."""
    batches = list(_batches(chosen))
    with ThreadPoolExecutor(_AT_ONCE) as pool:

        def begun(batch: Sequence[tuple[str, Stat]]) -> Iterator[bytes | StoreError | None]:
            return pool.map(lambda item: _get(store, item[1], reads(*item)), batch)

        ahead = begun(batches[0]) if batches else iter(())
        for batch, following in zip_longest(batches, batches[1:]):
            read, ahead = ahead, begun(following or ())
            yield from zip(batch, read, strict=True)


def _batches(chosen: Sequence[tuple[str, Stat]]) -> Iterator[Sequence[tuple[str, Stat]]]:
    """What is read at a time: few objects where they are large, so that they fit into memory."""
    start, size_bytes = 0, 0
    for number, (_, stat) in enumerate(chosen):
        if number > start and (number - start == _BATCH or size_bytes + stat.size_bytes > _BATCH_BYTES):
            yield chosen[start:number]
            start, size_bytes = number, 0
        size_bytes += stat.size_bytes
    if chosen:
        yield chosen[start:]


def _log_of(run_id: str, key: str, data: bytes, where: str) -> AttemptColumns:
    log = AttemptColumns.read(data, where)
    if (log.attempt.run_id, attempt_of(key)) != (run_id, log.name):
        raise MetricLogError(
            f"it is the log of attempt {log.attempt.attempt} of another run, {shortened(log.attempt.run_id)}"
            if log.attempt.run_id != run_id
            else f"its first line is that of another attempt, {log.attempt.attempt}-{shortened(log.attempt.uid)}",
            where=where,
        )
    return log


def _get(store: Store, stat: Stat, read_kept: Reads) -> bytes | StoreError | None:
    """An object; None if it is gone; what is wrong with this one object, while others may be well.

    Raises:
        StoreError: The store cannot be reached.
    """
    limit = _MAX_LOG_BYTES if attempt_of(stat.key) else ResultRecord.max_bytes

    def read() -> bytes:
        require_size(stat.size_bytes, limit, f"{store.url}/{stat.key}")
        return read_kept(stat.key, stat.etag, lambda: bulk_reader(store)(stat.key, limit))

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
