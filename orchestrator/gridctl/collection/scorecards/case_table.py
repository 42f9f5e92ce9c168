"""The scorecard of one run as a compact table, which is cached in Arrow's stream format."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from gridctl_trainer.contract.errors import StoreError
from gridctl_trainer.contract.metric_info import MetricInfo
from gridctl_trainer.contract.records.case_scores import CaseScores, read_cases
from gridctl_trainer.contract.spec import RunSpec

FORMAT: Final = "cases table 2"
"""Changing it invalidates the cache."""

_WORD: Final = pa.dictionary(pa.int32(), pa.string())
_SCHEMA: Final = pa.schema(
    [
        *((name, _WORD) for name in ("checkpoint", "set", "patient", "time_point", "structure", "metric")),
        ("epoch", pa.int32()),
        ("value", pa.float64()),
        *((name, _WORD) for name in ("undefined", "group", "vendor", "centre")),
        ("slices", pa.int32()),
        *((name, pa.float64()) for name in ("true_positive", "false_positive", "false_negative")),
    ]
)
_OF_CASE: Final = tuple(name for name in _SCHEMA.names if name not in ("metric", "value", "undefined"))
_COUNTS: Final = ("true_positive", "false_positive", "false_negative")
_REMEDY: Final = "delete it and the run's result to have the cases scored again from the last checkpoint"


@dataclass(frozen=True, slots=True)
class CaseTable:
    """One run's cases.

    Attributes:
        rows: One per metric of a case; columns as `CASE_COLUMNS`, without those that name the run.
        metrics: What is known about each metric.
    """

    rows: pa.Table
    metrics: Mapping[str, MetricInfo]


def packed_cases(run: RunSpec, data: bytes, where: str) -> bytes:
    """A scorecard in Arrow's stream format, compressed.

    Args:
        run: The run that it must belong to.
        data: The object of the store.
        where: Key named in errors.

    Raises:
        StoreError: It is damaged, or that of another run or specification.
    """
    header, cases = read_cases(data, where)
    if (header.run_id, header.spec_digest) != (run.run_id, run.digest):
        raise StoreError(f"the scorecard of another run, {header.run_id}", where=where, fix=_REMEDY)
    table = _table(cases, where)
    told = {name: info.model_dump(mode="json") for name, info in header.metrics.items()}
    table = table.replace_schema_metadata({"metrics": json.dumps(told)})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(table)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def unpacked_cases(data: bytes, checkpoints: Collection[str] = ()) -> CaseTable:
    """Read back what `packed_cases` wrote.

    Args:
        data: From `packed_cases`.
        checkpoints: Checkpoints whose cases are wanted; empty for all.
    """
    rows = pa.ipc.open_stream(data).read_all()
    told: Mapping[str, Any] = json.loads(rows.schema.metadata[b"metrics"])
    metrics = {name: MetricInfo.model_validate(info) for name, info in told.items()}
    rows = rows.replace_schema_metadata(None)
    if checkpoints:
        wanted = pa.array(list(checkpoints))
        rows = rows.filter(pc.is_in(rows["checkpoint"].cast(pa.string()), value_set=wanted))
    return CaseTable(rows, metrics)


def no_cases() -> pa.Table:
    """A table without rows."""
    return _SCHEMA.empty_table()


def _table(cases: Iterable[CaseScores], where: str) -> pa.Table:
    columns: dict[str, list[Any]] = {name: [] for name in _SCHEMA.names}
    seen: set[tuple[object, ...]] = set()
    for case in cases:
        key = (case.checkpoint, case.epoch, case.set, case.patient, case.time_point, case.structure)
        if key in seen:
            said = f"{case.set}, {case.patient} {case.time_point} {case.structure}".rstrip()
            raise StoreError(f"the scorecard has a case twice: {said}", where=where, fix=_REMEDY)
        seen.add(key)
        values = [*case.scores.items(), *((name, None) for name in case.undefined if name not in case.scores)]
        for name in _OF_CASE:
            columns[name] += [getattr(case, name)] * len(values)
        columns["metric"] += [name for name, _ in values]
        columns["value"] += [value for _, value in values]
        columns["undefined"] += ["" if name in case.scores else case.undefined[name] for name, _ in values]
    for name in _COUNTS:
        columns[name] = [None if value is None else float(value) for value in columns[name]]
    try:
        return pa.table(columns, schema=_SCHEMA)
    except (pa.ArrowInvalid, OverflowError) as error:
        raise StoreError(f"the scorecard has a number that cannot be: {error}", where=where, fix=_REMEDY) from None
