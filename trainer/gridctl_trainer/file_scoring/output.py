"""The scorecard as JSON and as files: one row of each case, structure and metric."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from gridctl_trainer.contract.errors import SpecError
from gridctl_trainer.contract.metric_info import MetricInfo
from gridctl_trainer.contract.records.case_scores import CaseScores, CasesHeader, cases_to_bytes
from gridctl_trainer.file_scoring.scoring import Scoring
from gridctl_trainer.file_scoring.summary import one_empty, summarise
from gridctl_trainer.host.atomic_file import replacing

_OF_CASE: Final = ("patient", "time_point", "structure")
_TEXTS: Final = ("group", "vendor", "centre")
_COUNTS: Final = ("slices", "true_positive", "false_positive", "false_negative")
COLUMNS: Final = (*_OF_CASE, "metric", "value", "undefined", *_TEXTS, *_COUNTS)
"""Of every table, as `gridctl export --table cases` has them of runs."""


def writer_for(path: Path) -> Callable[[Scoring, str], None]:
    """What writes such a file.

    Raises:
        SpecError: Nothing does, or it takes a library that is not installed.
    """
    formats = {".parquet": _parquet, ".csv": _csv, ".jsonl.gz": _json_lines}
    for ending, made in formats.items():
        if path.name.endswith(ending):
            if made is _parquet:
                _require_pyarrow()
            return lambda scoring, name: _write(path, made(scoring, name))
    raise SpecError(
        "it is not known how to write such a file", where=f"-o {path}", fix=f"let it end in {', '.join(formats)}"
    )


def as_json(scoring: Scoring, predictions: str, truth: str) -> Mapping[str, Any]:
    """Everything that is known, for programs."""
    metrics = _infos(scoring)
    empty = one_empty(scoring.records)
    return {
        "schema_version": 1,
        "predictions": predictions,
        "truth": truth,
        "structures": list(scoring.structures),
        "scored": scoring.scored,
        "not_scored": scoring.missing,
        "metrics": {name: info.model_dump(mode="json") for name, info in metrics.items()},
        "summary": [
            {
                "structure": item.structure,
                "metric": item.metric,
                "over": f"cases at {item.time_point}" if item.time_point else "patients",
                "time_point": item.time_point,
                "n": len(item.values),
                "mean": item.mean,
                "sd": item.sd,
                "median": item.median,
                "undefined": dict(item.undefined),
            }
            for item in summarise(scoring.records, metrics)
        ],
        "cases_with_one_empty_mask": {name: empty[name] for name in scoring.structures},
        "cases": [_case(record) for record in scoring.records],
        "problems": [{"what": item.what, "where": item.where, "fix": item.fix} for item in scoring.problems],
    }


def _case(record: CaseScores) -> dict[str, Any]:
    return record.model_dump(mode="json", exclude={"checkpoint", "epoch", "set"})


def _infos(scoring: Scoring) -> dict[str, MetricInfo]:
    return {metric.name: metric.info for metric in scoring.metrics}


def _rows(records: Sequence[CaseScores]) -> Iterator[dict[str, Any]]:
    for record in records:
        of_case = {name: getattr(record, name) for name in (*_OF_CASE, *_TEXTS, *_COUNTS)}
        for metric, value in record.scores.items():
            yield {**of_case, "metric": metric, "value": value, "undefined": ""}
        for metric, reason in record.undefined.items():
            yield {**of_case, "metric": metric, "value": None, "undefined": reason}


def _csv(scoring: Scoring, _: str) -> bytes:
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(_rows(scoring.records))
    return buffer.getvalue().encode()


def _json_lines(scoring: Scoring, name: str) -> bytes:
    """As runs keep theirs in a store."""
    return cases_to_bytes(CasesHeader(run_id=name, spec_digest="", metrics=_infos(scoring)), scoring.records)


def _parquet(scoring: Scoring, _: str) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {"value": pa.float64(), **dict.fromkeys(_COUNTS, pa.int64())}
    schema = pa.schema([(column, kinds.get(column, pa.string())) for column in COLUMNS])
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(_rows(scoring.records)), schema=schema), buffer)
    return buffer.getvalue()


def _require_pyarrow() -> None:
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError:
        raise SpecError(
            "writing Parquet takes pyarrow, which is not installed here",
            where="-o",
            fix="pip install gridctl, or write .csv",
        ) from None


def _write(path: Path, content: bytes) -> None:
    try:
        with replacing(path) as file:
            file.write(content)
    except OSError as error:
        raise SpecError(f"cannot write it: {error.strerror or error}", where=path, fix="give another -o") from None
