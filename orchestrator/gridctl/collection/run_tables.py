"""The tables of many runs: unchanged ones from this machine's cache, the others from their objects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

from gridctl.collection.attempt_columns import MergedColumns
from gridctl.collection.object_digests import ObjectDigests
from gridctl.collection.read_cache import ReadCache
from gridctl.collection.run_objects import OnRead, Reads, RunObjects, read_objects
from gridctl.collection.run_table import RunTable, made_by, state_of
from gridctl.terminal.console import count, say
from gridctl_trainer.contract.errors import Problem
from gridctl_trainer.contract.layout import RunLayout, attempt_of
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.host.cycle_search import without_cycle_search
from gridctl_trainer.storage.base import Stat, Store

_WORTH_KEEPING_BYTES: Final = 16 << 10
"""Size of a run's logs from which a table is cached: shorter logs are read faster than their table."""
_LOG_AND_RESULT: Final = 2
_KEPT_AT_ONCE: Final = 4


def read_tables(
    store: Store,
    wanted: Mapping[str, RunSpec],
    chosen: Mapping[str, Sequence[Stat]],
    cache: ReadCache | None,
    problems: list[Problem],
    on_read: OnRead | None,
) -> dict[str, RunTable]:
    """Read the metric logs and results of runs into tables.

    Args:
        store: Where they are.
        wanted: Runs by their ids.
        chosen: Metric logs and results as listed, by the id of their run.
        cache: Cache of objects and tables; by default this user's.
        problems: Receives the problems of single objects and of runs.
        on_read: Called with the number of objects read and the number to read.

    Returns:
        Tables by run id, for every wanted run.

    Raises:
        StoreError: The store cannot be reached.
    """
    kept = cache or ReadCache.of(store, folders=True)
    states = {
        run_id: state_of(wanted[run_id], stats)
        for run_id, stats in chosen.items()
        if sum(stat.size_bytes for stat in stats) >= _WORTH_KEEPING_BYTES
    }
    tables: dict[str, RunTable] = {}
    for run_id, state in states.items():
        if (packed := kept.kept(_key(wanted[run_id]), state)) is not None:
            tables[run_id] = RunTable.unpacked(packed)
    _say_if_others_kept_them(kept, [wanted[run_id] for run_id in states.keys() - tables.keys()])
    to_read = [(run_id, stat) for run_id, stats in chosen.items() if run_id not in tables for stat in stats]
    objects = cache or ReadCache.of(store)
    digests = ObjectDigests(objects, next(iter(wanted.values())).experiment)

    def reads(run_id: str, stat: Stat) -> Reads:
        """A table is kept in place of a run's only log: when that grows it must be read again as a whole."""
        alone = run_id in states and attempt_of(stat.key) is not None and len(chosen[run_id]) <= _LOG_AND_RESULT
        return digests.read if alone else objects.get

    writing: list[Future[None]] = []  # while the next logs are read
    with without_cycle_search(), ThreadPoolExecutor(_KEPT_AT_ONCE) as pool:
        for run_id, read in read_objects(store, wanted, to_read, reads, problems, on_read):
            run, merged = wanted[run_id], MergedColumns.of(read.logs)
            gaps = _gaps(run, read, merged)
            problems += gaps
            tables[run_id] = RunTable.of(run, read, merged)
            whole = len(read.logs) + (read.result is not None) == len(chosen[run_id])
            if whole and not gaps and run_id in states:
                writing.append(pool.submit(_keep, kept, run, states[run_id], tables[run_id]))
    for written in writing:
        written.result()
    digests.keep()
    for run_id in wanted.keys() - tables.keys():
        tables[run_id] = RunTable.of(wanted[run_id], RunObjects(), MergedColumns())
    return tables


def _say_if_others_kept_them(cache: ReadCache, runs: Iterable[RunSpec]) -> None:
    """Say why everything is read again after another version of this program was installed."""
    by_others = [etag for run in runs if (etag := cache.etag_of(_key(run))) and not etag.startswith(made_by())]
    if by_others:
        said = count(len(by_others), "run")
        say(f"another version of gridctl kept what the logs of {said} come to: they are read again")


def _key(run: RunSpec) -> str:
    return f"{RunLayout(run.experiment, run.run_id).attempts} table"


def _gaps(run: RunSpec, read: RunObjects, merged: MergedColumns) -> list[Problem]:
    """Report a finished run whose log lacks epochs: its scores would be silently wrong."""
    lacking = set(range(1, run.training.epochs + 1)) - set(merged.epochs.epoch)
    if read.result is None or not lacking:
        return []
    return [
        Problem(
            f"the run is finished, but its metric log lacks {len(lacking)} of {count(run.training.epochs, 'epoch')}",
            RunLayout(run.experiment, run.run_id).attempts,
            "bring the log back, or delete the run from the store to train it again",
        )
    ]


def _keep(cache: ReadCache, run: RunSpec, state: str, table: RunTable) -> None:
    cache.keep(_key(run), state, table.packed())
