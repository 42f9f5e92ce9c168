"""The JSON and Parquet files of `gridctl score`, which can be one side of a comparison.

Both formats hold the same header, the same rows, and a SHA-256 over these, so an edited number is noticed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from gridctl_trainer.contract.frozen import Frozen, canonical_json
from gridctl_trainer.contract.metric_info import MetricInfo
from gridctl_trainer.contract.records.case_scores import CaseScores
from gridctl_trainer.contract.records.set_scores import ScoreKey

SCORE_FILE_SCHEMA_VERSION: Final = 2
"""Files of version 1 have no SHA-256 and do not say who made the masks."""

METADATA_KEY: Final = b"gridctl"
"""Metadata key in a Parquet file's schema that holds the header and SHA-256 as JSON."""

OF_CASE: Final = ("patient", "time_point", "structure")
OF_PATIENT: Final = ("group", "vendor", "centre")
COUNTS: Final = ("slices", "true_positive", "false_positive", "false_negative")
COLUMNS: Final = (*OF_CASE, "metric", "value", "undefined", *OF_PATIENT, *COUNTS)
"""Columns of the table, as in `gridctl export --table cases`."""


class PredictingRun(Frozen):
    """A run whose model made the masks, alone or in an ensemble.

    Attributes:
        run_id: Id of the run.
        weights_sha256: SHA-256 of its weights.
        epoch: Epoch that the weights were saved after.
    """

    run_id: Annotated[str, Field(min_length=1, max_length=100)]
    weights_sha256: str = ""
    epoch: int | None = None


class ScoreFileHeader(Frozen):
    """What is known about the masks and the metrics.

    Attributes:
        gridctl: Version of gridctl that computed the scores.
        metrics: Description of each metric, by name.
        runs: Runs that made the masks; empty if unknown.
        trained_on: Patients that such runs were trained on, each with the ids of those runs.
    """

    schema_version: Literal[2] = SCORE_FILE_SCHEMA_VERSION
    gridctl: str
    metrics: Mapping[ScoreKey, MetricInfo]
    runs: tuple[PredictingRun, ...] = ()
    trained_on: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The fields by name."""
        return self.model_dump(mode="json")


def rows_of(records: Iterable[CaseScores]) -> Iterator[dict[str, Any]]:
    """One row for each case, structure and metric, with the columns of `COLUMNS`."""
    for record in records:
        of_case = {name: getattr(record, name) for name in (*OF_CASE, *OF_PATIENT, *COUNTS)}
        for metric, value in record.scores.items():
            yield {**of_case, "metric": metric, "value": value, "undefined": ""}
        for metric, reason in record.undefined.items():
            yield {**of_case, "metric": metric, "value": None, "undefined": reason}


def score_file_sha256(header: ScoreFileHeader, rows: Sequence[Mapping[str, Any]]) -> str:
    """SHA-256 over everything that a comparison reads from such a file, the same for JSON and Parquet."""
    content = {"header": header.to_json(), "rows": [[row[name] for name in COLUMNS] for row in rows]}
    return hashlib.sha256(canonical_json(content).encode()).hexdigest()
