"""Writes the scorecard as JSON and as files, with one row per case, structure and metric."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from gridctl_trainer.contract.errors import SpecError
from gridctl_trainer.contract.metric_info import MetricInfo
from gridctl_trainer.contract.records.case_scores import CaseScores, CasesHeader, cases_to_bytes
from gridctl_trainer.contract.records.score_file import (
    COLUMNS,
    COUNTS,
    METADATA_KEY,
    ScoreFileHeader,
    rows_of,
    score_file_sha256,
)
from gridctl_trainer.file_scoring.scoring import Scoring
from gridctl_trainer.file_scoring.summary import one_empty, summarise
from gridctl_trainer.host.atomic_file import replacing
from gridctl_trainer.host.source_version import version


def writer_for(path: Path) -> Callable[[Scoring, Path, Path], None]:
    """Choose the function that writes a file, from a scoring and the paths of predictions and truth.

    Raises:
        SpecError: The format is unknown, or needs a library that is not installed.
    """
    formats: dict[str, Callable[[Scoring, Path, Path], bytes]] = {
        ".parquet": _parquet,
        ".json": _json,
        ".csv": _csv,
        ".jsonl.gz": _json_lines,
    }
    for ending, made in formats.items():
        if path.name.endswith(ending):
            if made is _parquet:
                _require_pyarrow()
            return lambda scoring, predictions, truth: _write(path, made(scoring, predictions, truth))
    raise SpecError(
        "this kind of file cannot be written", where=f"-o {path}", fix=f"let it end in {', '.join(formats)}"
    )


def as_json(scoring: Scoring, predictions: str, truth: str) -> Mapping[str, Any]:
    """All results as JSON data, for programs.

    Args:
        scoring: A finished scoring.
        predictions: Where the predictions lie.
        truth: Where the truth lies.
    """
    metrics, header = _infos(scoring), _header(scoring)
    empty = one_empty(scoring.records)
    return {
        **header.to_json(),
        "sha256": score_file_sha256(header, list(rows_of(scoring.records))),
        "predictions": predictions,
        "truth": truth,
        "structures": list(scoring.structures),
        "scored": scoring.scored,
        "not_scored": scoring.missing,
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


def _header(scoring: Scoring) -> ScoreFileHeader:
    return ScoreFileHeader(
        gridctl=version(),
        metrics=_infos(scoring),
        runs=scoring.predicted_by.runs,
        trained_on={patient: tuple(runs) for patient, runs in scoring.trained_on.items()},
    )


def json_text(scoring: Scoring, predictions: Path, truth: Path) -> str:
    """The text that `--json` prints."""
    return json.dumps(as_json(scoring, str(predictions), str(truth)), indent=2, ensure_ascii=False) + "\n"


def _json(scoring: Scoring, predictions: Path, truth: Path) -> bytes:
    return json_text(scoring, predictions, truth).encode()


def _csv(scoring: Scoring, _: Path, __: Path) -> bytes:
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows_of(scoring.records))
    return buffer.getvalue().encode()


def _json_lines(scoring: Scoring, predictions: Path, _: Path) -> bytes:
    """The format in which runs keep their scores in a store."""
    header = CasesHeader(run_id=predictions.resolve().name, spec_digest="", metrics=_infos(scoring))
    return cases_to_bytes(header, scoring.records)


def _parquet(scoring: Scoring, _: Path, __: Path) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    header, rows = _header(scoring), list(rows_of(scoring.records))
    said = json.dumps({**header.to_json(), "sha256": score_file_sha256(header, rows)}, ensure_ascii=False)
    kinds = {"value": pa.float64(), **dict.fromkeys(COUNTS, pa.int64())}
    schema = pa.schema(
        [(column, kinds.get(column, pa.string())) for column in COLUMNS], metadata={METADATA_KEY: said.encode()}
    )
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), buffer)
    return buffer.getvalue()


def _require_pyarrow() -> None:
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError:
        raise SpecError(
            "writing Parquet requires pyarrow, which is not installed here",
            where="-o",
            fix="pip install gridctl, or write .csv",
        ) from None


def _write(path: Path, content: bytes) -> None:
    try:
        with replacing(path) as file:
            file.write(content)
    except OSError as error:
        raise SpecError(f"cannot write it: {error.strerror or error}", where=path, fix="give another -o") from None
