"""The scorecards of many runs as one table, read only when needed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from gridctl.collection.columns import CASE_COLUMNS
from gridctl.collection.read_cache import ReadCache
from gridctl.collection.rows import cell_of
from gridctl.collection.run_objects import OnRead, object_or_fault
from gridctl_trainer.contract.errors import Problem, StoreError
from gridctl_trainer.contract.metric_info import MetricInfo
from gridctl_trainer.contract.score_name import ScoreName
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.base import Blob, Stat, Store, bulk_reader, require_size

if TYPE_CHECKING:
    import pyarrow as pa

    from gridctl.collection.scorecards.case_table import CaseTable

_AT_ONCE: Final = 4
"""How many are read at once: parsing is CPU work, and each takes memory."""

_MAX_BYTES: Final = 256 << 20
"""Of one scorecard, packed."""


@dataclass(frozen=True, slots=True)
class Cases:
    """Every case of some runs.

    Attributes:
        rows: Columns as `CASE_COLUMNS`.
        metrics: The metrics as the runs describe them.
        scored: Names of the scores that some case has, or is to have.
    """

    rows: pd.DataFrame
    metrics: Mapping[str, MetricInfo]
    scored: Sequence[str]


def no_cases() -> pd.DataFrame:
    """`Collected.cases` if it was not asked for, or no run has any."""
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in CASE_COLUMNS.items()})


def read_all_cases(
    store: Store,
    chosen: Sequence[tuple[RunSpec, Stat]],
    problems: list[Problem],
    on_read: OnRead | None = None,
    cache: ReadCache | None = None,
    checkpoints: Collection[str] = (),
) -> Cases:
    """Read scorecards; those that did not change are taken from this machine's cache.

    Args:
        store: Where they are.
        chosen: Finished runs, each with its scorecard as listed.
        problems: Receives the problems of single scorecards; their runs then have no cases.
        on_read: Called with the progress.
        cache: By default this user's.
        checkpoints: Checkpoints whose cases are wanted, `final` and `best`; empty for all.

    Raises:
        StoreError: The store cannot be reached.
    """
    cache = cache or ReadCache.of(store, folders=True)
    tables: list[pa.Table] = []
    of_runs: list[RunSpec] = []
    metrics: dict[str, MetricInfo] = {}
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        read = pool.map(lambda item: _read(store, item[0], item[1], cache, checkpoints), chosen)
        for number, ((run, _), found) in enumerate(zip(chosen, read, strict=True), 1):
            if on_read is not None:
                on_read(number, len(chosen))
            if isinstance(found, StoreError):
                problems += found.problems
            elif found is not None:
                tables.append(found.rows)
                of_runs.append(run)
                metrics |= found.metrics
    rows = _joined(of_runs, tables)
    return Cases(rows, metrics, list(_scored(rows)))


def _read(
    store: Store, run: RunSpec, stat: Stat, cache: ReadCache, checkpoints: Collection[str]
) -> CaseTable | StoreError | None:
    """One scorecard; None if it is gone; the problem if only this one is damaged.

    Raises:
        StoreError: The store cannot be reached.
    """
    from gridctl.collection.scorecards.case_table import FORMAT, packed_cases, unpacked_cases

    where = f"{store.url}/{stat.key}"

    def packed() -> Blob:
        blob = bulk_reader(store)(stat.key, _MAX_BYTES)
        return Blob(packed_cases(run, blob.data, where), blob.etag)

    def read() -> CaseTable:
        require_size(stat.size_bytes, _MAX_BYTES, where)
        return unpacked_cases(cache.get(f"{stat.key} {run.digest} {FORMAT}", stat.etag, packed), checkpoints)

    return object_or_fault(read)


def _joined(runs: Sequence[RunSpec], tables: list[pa.Table]) -> pd.DataFrame:
    """One table of all runs; `tables` is emptied meanwhile, so that few rows are held twice."""
    if not tables:
        return no_cases()
    import pyarrow as pa

    of_run = np.repeat(np.arange(len(tables)), [table.num_rows for table in tables])
    cells = [cell_of(run) for run in runs]
    joined = pa.concat_tables(tables).unify_dictionaries()
    tables.clear()
    rows = joined.to_pandas(split_blocks=True, self_destruct=True)
    del joined
    named: dict[str, pd.Series] = {}
    for name in ("run_id", "model", "train_ratio", "ablation", "seed", "fold"):
        values = pd.Series([cell[name] for cell in cells], dtype="object")
        if CASE_COLUMNS[name] == "category":
            codes, categories = pd.factorize(values)
            named[name] = pd.Series(pd.Categorical.from_codes(codes[of_run], categories=categories))
        else:
            named[name] = pd.Series(values.to_numpy(CASE_COLUMNS[name])[of_run])
    return pd.DataFrame({name: named[name] if name in named else rows[name] for name in CASE_COLUMNS}, copy=False)


def _scored(rows: pd.DataFrame) -> Iterator[str]:
    """The scored names, in the order of the records."""
    if rows.empty:
        return
    of = rows.groupby(["set", "metric", "structure"], observed=True, sort=False).size().index
    for set_name, metric, structure in of:
        yield str(ScoreName(set_name, metric, structure))
