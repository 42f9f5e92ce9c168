"""What the metric logs and the result of one run come to, and its packed form, which is cached."""

from __future__ import annotations

import hashlib
import json
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gridctl.collection.attempt_columns import MergedColumns
from gridctl.collection.implausible_ejection_fraction import remark
from gridctl.collection.rows import run_row
from gridctl.collection.run_objects import RunObjects
from gridctl_trainer import contract
from gridctl_trainer.contract.frozen import canonical_json
from gridctl_trainer.contract.metric_info import MetricInfo
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.base import Stat

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class RunTable:
    """One run.

    Attributes:
        row: What `RUN_COLUMNS` name of it, but for its cell and what the listing alone tells, and its latest scores.
        function: One row per patient of its result; columns as `FUNCTION_COLUMNS`, without those that name the run.
        metrics: What its logs say of metrics.
        scored: Names of the scores that some epoch has.
    """

    row: Mapping[str, Any]
    _epochs: MergedColumns | bytes
    function: Sequence[Mapping[str, Any]] = ()
    metrics: Mapping[str, MetricInfo] = field(default_factory=dict)
    scored: Sequence[str] = ()

    @classmethod
    def of(cls, run: RunSpec, read: RunObjects, merged: MergedColumns) -> RunTable:
        """What was read of a run.

        Args:
            run: The run.
            read: Its objects.
            merged: Its epochs.
        """
        metrics: dict[str, MetricInfo] = {}
        for log in merged.sources:
            metrics |= log.attempt.metrics
        patients = read.result.function if read.result else ()
        function = [dict(patient) | {"remark": remark(patient)} for patient in patients]
        return cls(run_row(run, read, merged), merged, function, metrics, tuple(merged.epochs.scores))

    @property
    def epochs(self) -> Mapping[str, NDArray[Any]]:
        """`epoch`, `attempt`, `train_loss` and `seconds`, and each score; arrays of one value per epoch that counts,
        NaN where it has none. Made when they are asked for: who wants only the row needs no numpy and no Arrow.
        """
        if isinstance(self._epochs, bytes):
            import pyarrow as pa

            table = pa.ipc.open_stream(self._epochs).read_all()
            return {name: table.column(name).to_numpy() for name in table.column_names}
        return _arrays(self._epochs)

    def packed(self) -> bytes:
        """A line of JSON, then the epochs in Arrow's stream format."""
        import pyarrow as pa

        told = {
            "row": self.row,
            "function": list(self.function),
            "metrics": json.dumps({name: info.model_dump(mode="json") for name, info in self.metrics.items()}),
            "scored": list(self.scored),
        }
        table = pa.table({name: pa.array(values) for name, values in self.epochs.items()})
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        content: bytes = json.dumps(told).encode() + b"\n" + sink.getvalue().to_pybytes()
        return content

    @classmethod
    def unpacked(cls, data: bytes) -> RunTable:
        """What `packed` packed."""
        head, _, epochs = data.partition(b"\n")
        told = json.loads(head)
        return cls(told["row"], epochs, told["function"], _metrics(told["metrics"]), told["scored"])


def _arrays(merged: MergedColumns) -> dict[str, NDArray[Any]]:
    import numpy as np

    epochs = merged.epochs
    named: dict[str, array[Any]] = {
        "epoch": epochs.epoch,
        "attempt": merged.attempt,
        "train_loss": epochs.train_loss,
        "seconds": epochs.seconds,
        **epochs.scores,
    }
    return {name: np.frombuffer(values, dtype=values.typecode) for name, values in named.items()}


def state_of(run: RunSpec, objects: Iterable[Stat]) -> str:
    """What a cached table was made of: it holds as long as this is the same.

    Args:
        run: As the experiment has it now.
        objects: Its metric logs and its result, as listed.
    """
    listed = sorted((stat.key, stat.etag, stat.size_bytes) for stat in objects)
    told = canonical_json([run.model_dump(mode="json"), listed])
    return f"{made_by()} {hashlib.sha256(told.encode()).hexdigest()}"


@cache
def made_by() -> str:
    """This version, and the code that makes tables of logs: what another one made is not believed."""
    code = hashlib.sha256()
    for folder in (Path(__file__).parent, Path(contract.__file__).parent):
        for path in sorted(folder.rglob("*.py")):
            code.update(path.read_bytes())
    return f"{version('gridctl')}-{code.hexdigest()[:32]}"


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
    import numpy as np

    of_runs = [(cell, table.epochs) for cell, table in tables]
    lengths = [len(epochs["epoch"]) for _, epochs in of_runs]
    made: dict[str, NDArray[Any] | list[Any]] = {}
    for name in columns:
        if tables and name in tables[0][0]:
            cells = np.empty(len(tables), dtype=object)
            cells[:] = [cell[name] for cell, _ in tables]
            made[name] = cells.repeat(lengths)
        else:
            parts = [
                epochs[name] if name in epochs else np.full(length, np.nan)
                for (_, epochs), length in zip(of_runs, lengths, strict=True)
            ]
            made[name] = np.concatenate(parts) if parts else []
    return made
