"""The Parquet or JSON file that `gridctl score` wrote, read back: whole, unedited, and of a version that is known."""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pandas as pd
from pydantic import ValidationError

from gridctl.analysis.predictions.prediction_set import PredictionSet
from gridctl.analysis.request import PredictionFile
from gridctl.errors import InputError
from gridctl_trainer.contract.errors import shortened
from gridctl_trainer.contract.records.case_scores import CaseScores
from gridctl_trainer.contract.records.score_file import (
    COLUMNS,
    METADATA_KEY,
    SCORE_FILE_SCHEMA_VERSION,
    ScoreFileHeader,
    rows_of,
    score_file_sha256,
)
from gridctl_trainer.host.bounded_file import UnreadableFileError, read_bounded

ENDINGS: Final = (".parquet", ".json")
_NAME: Final = r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}"
_MAX_BYTES: Final = 1 << 30
_AGAIN: Final = "score the masks again: gridctl score PREDICTIONS TRUTH -o FILE.parquet"
_HEADER: Final = tuple(ScoreFileHeader.model_fields)


def read_prediction_set(asked: PredictionFile) -> PredictionSet:
    """Read one side of a comparison.

    Args:
        asked: Which file, and what it is called; where its SHA-256 is named, it has to have that.

    Raises:
        InputError: It is not there, was not written by `gridctl score`, was edited, or is of another version.
    """
    path = Path(asked.file)
    data = _bytes(path)
    if asked.sha256 and (now := hashlib.sha256(data).hexdigest()) != asked.sha256:
        raise InputError(
            f"its SHA-256 is {now[:12]}, and was {asked.sha256[:12]} when the report was made",
            where=path,
            fix="bring the file of that time back",
        )
    try:
        said, rows = (_of_parquet if path.name.endswith(ENDINGS[0]) else _of_json)(data)
    except (ValueError, KeyError, TypeError, OSError, RecursionError) as error:
        raise InputError(
            f"not a file that gridctl score wrote: {shortened(str(error))}", where=path, fix=_AGAIN
        ) from None
    header = _header(said, path)
    try:
        unedited = score_file_sha256(header, rows) == said.get("sha256")
    except (ValueError, KeyError, TypeError):
        unedited = False
    if not unedited:
        raise InputError(
            "it was edited since gridctl score wrote it: header and rows do not have its SHA-256",
            where=path,
            fix=_AGAIN,
        )
    if not rows:
        raise InputError("it has no scored case", where=path, fix="score masks of which some have a truth")
    return PredictionSet(asked.name, str(path), header, _table(rows))


def prediction_file(name: str, path: str | Path) -> PredictionFile:
    """One side of a comparison as a request names it.

    Args:
        name: What the report is to call it; empty to take the file's name.
        path: The file, as it is now: another one later is another side.

    Raises:
        InputError: It cannot be read, or the name is not valid.
    """
    file = Path(path)
    digest = hashlib.sha256(_bytes(file)).hexdigest()
    called = name or file.name.removesuffix(".json").removesuffix(".parquet")
    if not re.fullmatch(_NAME, called):
        raise InputError(
            f"'{shortened(called, 60)}' is not a valid name for masks",
            where="--against",
            fix="give one of at most 60 letters, digits, '.', '_' and '-': NAME=FILE",
        )
    return PredictionFile(called, str(file), digest)


def _bytes(path: Path) -> bytes:
    if not path.name.endswith(ENDINGS):
        raise InputError(
            "one side of a comparison is a .parquet or .json file that gridctl score wrote", where=path, fix=_AGAIN
        )
    try:
        return read_bounded(path, _MAX_BYTES)
    except FileNotFoundError:
        raise InputError("there is no such file", where=path, fix=_AGAIN) from None
    except UnreadableFileError as error:
        raise InputError(str(error), where=path, fix=_AGAIN) from None


def _of_parquet(data: bytes) -> tuple[Mapping[str, Any], list[Mapping[str, Any]]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(io.BytesIO(data))
    metadata = table.schema.metadata or {}
    if METADATA_KEY not in metadata:
        raise ValueError("its schema does not say what was scored: an earlier version wrote it, or another program did")
    if missing := [name for name in COLUMNS if name not in table.column_names]:
        raise ValueError(f"it has no column {missing[0]}")
    assert isinstance(table, pa.Table)
    return json.loads(metadata[METADATA_KEY]), table.select(list(COLUMNS)).to_pylist()


def _of_json(data: bytes) -> tuple[Mapping[str, Any], list[Mapping[str, Any]]]:
    content = json.loads(data)
    if not isinstance(content, dict) or not isinstance(content.get("cases"), list):
        raise ValueError("it has no list of cases")
    return content, list(rows_of(_records(content["cases"]))) if _is_known(content) else []


def _records(cases: list[Any]) -> Iterator[CaseScores]:
    for case in cases:
        yield CaseScores.model_validate({**case, "checkpoint": "final", "set": "predictions"})


def _is_known(said: Mapping[str, Any]) -> bool:
    return said.get("schema_version") == SCORE_FILE_SCHEMA_VERSION


def _header(said: Mapping[str, Any], path: Path) -> ScoreFileHeader:
    if not _is_known(said):
        found = said.get("schema_version")
        raise InputError(
            f"it is of version {shortened(str(found))}, and this gridctl compares version {SCORE_FILE_SCHEMA_VERSION}",
            where=path,
            fix=_AGAIN,
        )
    try:
        return ScoreFileHeader.model_validate({name: said[name] for name in _HEADER if name in said})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise InputError(
            f"not a file that gridctl score wrote: {field}: {shortened(first['msg'])}", where=path, fix=_AGAIN
        ) from None


def _table(rows: list[Mapping[str, Any]]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    numbers = ("value", "true_positive", "false_positive", "false_negative")
    return table.astype(dict.fromkeys(numbers, "float64"))
