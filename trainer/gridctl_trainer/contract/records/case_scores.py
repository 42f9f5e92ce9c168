"""The scorecard of a run: every metric of every case and structure, stored as `cases.jsonl.gz`.

Gzipped JSON lines: first a `CasesHeader`, then one `CaseScores` for each checkpoint, set, patient, time point and
structure. It is written before the run's result, either completely or not at all.
"""

from __future__ import annotations

import gzip
import io
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import Field, ValidationError

from gridctl_trainer.contract.errors import StoreError, shortened
from gridctl_trainer.contract.fields.bounds import Count, Epoch, Loss
from gridctl_trainer.contract.frozen import Frozen
from gridctl_trainer.contract.metric_info import MetricInfo
from gridctl_trainer.contract.records.set_scores import ScoreKey, SetKey

CASES_SCHEMA_VERSION: Final = 1

PATIENT: Final = "patient"
"""The time point of a score that uses all time points of a patient, such as an ejection fraction or a stroke volume."""

MAX_CASES_BYTES: Final = 1 << 30
"""Size limit of the uncompressed text."""

_REMEDY: Final = "delete it and the run's result to have the cases scored again from the last checkpoint"

_Text = Annotated[str, Field(max_length=200)]


class CasesHeader(Frozen):
    """First line: the run it belongs to, and a description of each metric.

    Attributes:
        run_id: Id of the run.
        spec_digest: SHA-256 of its specification.
        metrics: Descriptions of the metrics, by name.
    """

    kind: Literal["cases"] = "cases"
    schema_version: Literal[1] = CASES_SCHEMA_VERSION
    run_id: str
    spec_digest: str
    metrics: Mapping[ScoreKey, MetricInfo]


class CaseScores(Frozen):
    """Scores of one structure of one case, segmented with the weights of one checkpoint.

    Attributes:
        checkpoint: `final`, `best`, or `epoch` for an intermediate one that was requested.
        epoch: Epoch that the weights were saved after; None for masks that no run made.
        set: `validation`, `test`, or the name of an external set.
        patient: Id of the patient.
        time_point: `ED` or `ES`; empty for data without time points; `patient` for scores over all time points.
        structure: The segmented structure; empty for a metric without structures.
        group, vendor, centre: The patient's group, scanner vendor and centre; empty if unknown.
        slices: Number of annotated slices in the volume; 0 for scores of a patient.
        spacing_mm: Distance between rows, columns and slice centres, in mm; None for scores of a patient.
        true_positive, false_positive, false_negative: Voxel counts on the scanner's grid over the annotated slices;
            None for scores of a patient.
        scores: Scores by metric.
        undefined: Why there is no number, by metric.
    """

    kind: Literal["case"] = "case"
    checkpoint: Literal["final", "best", "epoch"]
    epoch: Epoch | None = None
    set: SetKey
    patient: Annotated[str, Field(min_length=1, max_length=1000)]
    time_point: _Text = ""
    structure: _Text = ""
    group: _Text = ""
    vendor: _Text = ""
    centre: _Text = ""
    slices: Count = 0
    spacing_mm: tuple[float, float, float] | None = None
    true_positive: Count | None = None
    false_positive: Count | None = None
    false_negative: Count | None = None
    scores: Mapping[ScoreKey, Loss] = Field(default_factory=dict)
    undefined: Mapping[ScoreKey, _Text] = Field(default_factory=dict)


def cases_to_bytes(header: CasesHeader, cases: Iterable[CaseScores]) -> bytes:
    """The bytes to store; the same for the same content."""
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as file:
        file.write(_line({**_written(header), "schema_version": header.schema_version}))
        for record in cases:
            file.write(_line(_written(record)))
    return buffer.getvalue()


def read_cases(data: bytes, where: object = "") -> tuple[CasesHeader, Iterator[CaseScores]]:
    """Read a scorecard.

    Args:
        data: The bytes that `cases_to_bytes` makes.
        where: Key to name in errors.

    Returns:
        The header, and an iterator over the other lines.

    Raises:
        StoreError: The data are not a scorecard. Raised immediately, or during iteration at a line that is not valid.
    """
    lines = _lines(data, where)
    first = next(lines, b"")
    try:
        header = CasesHeader.model_validate_json(first, strict=True)
    except ValidationError as error:
        raise _damaged(error, 1, where) from None
    return header, _records(lines, where)


def _records(lines: Iterator[bytes], where: object) -> Iterator[CaseScores]:
    for number, line in enumerate(lines, 2):
        try:
            yield CaseScores.model_validate_json(line, strict=True)
        except ValidationError as error:
            raise _damaged(error, number, where) from None


def _lines(data: bytes, where: object) -> Iterator[bytes]:
    read = 0
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
            while line := file.readline(MAX_CASES_BYTES):
                read += len(line)
                if read > MAX_CASES_BYTES:
                    raise StoreError(f"it unpacks to more than {MAX_CASES_BYTES >> 20} MiB", where=where, fix=_REMEDY)
                yield line
    except (OSError, EOFError, zlib.error) as error:
        raise StoreError(f"not a scorecard: {shortened(str(error))}", where=where, fix=_REMEDY) from None


def _damaged(error: ValidationError, line: int, where: object) -> StoreError:
    first = error.errors(include_url=False)[0]
    field = ".".join(str(part) for part in first["loc"])
    said = shortened(f"{field}: {first['msg']}" if field else first["msg"])
    return StoreError(f"line {line} of the scorecard is not valid: {said}", where=where, fix=_REMEDY)


def _written(record: CasesHeader | CaseScores) -> dict[str, Any]:
    return {"kind": record.kind, **record.model_dump(mode="json", exclude_defaults=True)}


def _line(content: Mapping[str, Any]) -> bytes:
    return (json.dumps(content, ensure_ascii=False, allow_nan=False) + "\n").encode()
