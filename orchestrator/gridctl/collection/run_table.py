"""What the metric logs and the result of one run come to, and its packed form, which is cached."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gridctl.collection.implausible_ejection_fraction import remark
from gridctl.collection.rows import run_row
from gridctl.collection.run_objects import RunObjects
from gridctl_trainer import contract
from gridctl_trainer.contract.frozen import canonical_json
from gridctl_trainer.contract.metric_info import MetricInfo
from gridctl_trainer.contract.records.attempt_log import AttemptLog
from gridctl_trainer.contract.records.metric_log import EpochRecord
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.base import Stat


@dataclass(frozen=True, slots=True)
class RunTable:
    """One run.

    Attributes:
        row: What `RUN_COLUMNS` name of it, but for its cell and what the listing alone tells, and its latest scores.
        epochs: `epoch`, `attempt`, `train_loss` and `seconds`, and each score; arrays of one value per epoch that
            counts, NaN where it has none.
        function: One row per patient of its result; columns as `FUNCTION_COLUMNS`, without those that name the run.
        metrics: What its logs say of metrics.
        scored: Names of the scores that some epoch has.
    """

    row: Mapping[str, Any]
    epochs: Mapping[str, NDArray[Any]]
    function: Sequence[Mapping[str, Any]] = ()
    metrics: Mapping[str, MetricInfo] = field(default_factory=dict)
    scored: Sequence[str] = ()

    @classmethod
    def of(cls, run: RunSpec, read: RunObjects, merged: Sequence[tuple[AttemptLog, EpochRecord]]) -> RunTable:
        """What was read of a run.

        Args:
            run: The run.
            read: Its objects.
            merged: Its epochs, each with the log of the attempt that counts.
        """
        metrics: dict[str, MetricInfo] = {}
        for log in {id(log): log for log, _ in merged}.values():
            metrics |= log.attempt.metrics
        scores = [record.named_scores for _, record in merged]
        scored = dict.fromkeys(name for of_epoch in scores for name in of_epoch)
        epochs: dict[str, NDArray[Any]] = {
            "epoch": np.array([record.epoch for _, record in merged], dtype=np.int64),
            "attempt": np.array([log.attempt.attempt for log, _ in merged], dtype=np.int64),
            "train_loss": np.array([record.train_loss for _, record in merged], dtype=np.float64),
            "seconds": np.array([record.seconds for _, record in merged], dtype=np.float64),
        }
        for name in scored:
            epochs[name] = np.array([of_epoch.get(name, np.nan) for of_epoch in scores], dtype=np.float64)
        patients = read.result.function if read.result else ()
        function = [dict(patient) | {"remark": remark(patient)} for patient in patients]
        return cls(run_row(run, read, merged), epochs, function, metrics, tuple(scored))

    def packed(self) -> bytes:
        """As Arrow's stream format, the rest in the metadata of its schema."""
        told = {
            "row": self.row,
            "function": list(self.function),
            "metrics": json.dumps({name: info.model_dump(mode="json") for name, info in self.metrics.items()}),
            "scored": list(self.scored),
        }
        table = pa.table({name: pa.array(values) for name, values in self.epochs.items()})
        table = table.replace_schema_metadata({"told": json.dumps(told)})
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        content: bytes = sink.getvalue().to_pybytes()
        return content

    @classmethod
    def unpacked(cls, data: bytes) -> RunTable:
        """What `packed` packed."""
        table = pa.ipc.open_stream(data).read_all()
        told = json.loads(table.schema.metadata[b"told"])
        epochs = {name: table.column(name).to_numpy() for name in table.column_names}
        return cls(told["row"], epochs, told["function"], _metrics(told["metrics"]), told["scored"])


def state_of(run: RunSpec, objects: Iterable[Stat]) -> str:
    """What a cached table was made of: it holds as long as this is the same.

    Args:
        run: As the experiment has it now.
        objects: Its metric logs and its result, as listed.
    """
    listed = sorted((stat.key, stat.etag, stat.size_bytes) for stat in objects)
    told = canonical_json([_made_by(), run.model_dump(mode="json"), listed])
    return hashlib.sha256(told.encode()).hexdigest()


@cache
def _made_by() -> str:
    """This version, and the code that makes tables of logs: what another one made is not believed."""
    code = hashlib.sha256()
    for folder in (Path(__file__).parent, Path(contract.__file__).parent):
        for path in sorted(folder.rglob("*.py")):
            code.update(path.read_bytes())
    return f"{version('gridctl')} {code.hexdigest()}"


@lru_cache
def _metrics(text: str) -> Mapping[str, MetricInfo]:
    """Most runs of an experiment say the same of their metrics."""
    return {name: MetricInfo.model_validate(info) for name, info in json.loads(text).items()}


def joined_epochs(
    tables: Sequence[tuple[Mapping[str, Any], RunTable]], columns: Mapping[str, str]
) -> dict[str, NDArray[Any] | list[Any]]:
    """The epochs of many runs, one array per column.

    Args:
        tables: Of each run its cell and its table.
        columns: Those wanted; NaN where a run has none, which only a score may lack.
    """
    lengths = [len(table.epochs["epoch"]) for _, table in tables]
    made: dict[str, NDArray[Any] | list[Any]] = {}
    for name in columns:
        if tables and name in tables[0][0]:
            of_runs = np.empty(len(tables), dtype=object)
            of_runs[:] = [cell[name] for cell, _ in tables]
            made[name] = of_runs.repeat(lengths)
        else:
            parts = [
                table.epochs[name] if name in table.epochs else np.full(length, np.nan)
                for (_, table), length in zip(tables, lengths, strict=True)
            ]
            made[name] = np.concatenate(parts) if parts else []
    return made
