"""What `gridctl score` writes so that its result can be one side of a comparison: JSON and Parquet.

Both hold the same header and the same rows, and the SHA-256 of both: whoever edits a number has another file.
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
"""Files of version 1 have no SHA-256, and do not say whose masks they score."""

METADATA_KEY: Final = b"gridctl"
"""Of the schema of a Parquet file: its header and SHA-256 as JSON."""

OF_CASE: Final = ("patient", "time_point", "structure")
OF_PATIENT: Final = ("group", "vendor", "centre")
COUNTS: Final = ("slices", "true_positive", "false_positive", "false_negative")
COLUMNS: Final = (*OF_CASE, "metric", "value", "undefined", *OF_PATIENT, *COUNTS)
"""Of every table, as `gridctl export --table cases` has them of runs."""


class PredictingRun(Frozen):
    """A run whose model made the masks, alone or as a member of an ensemble.

    Attributes:
        run_id: Its id.
        weights_sha256: Of its weights.
        epoch: After which they are.
    """

    run_id: Annotated[str, Field(min_length=1, max_length=100)]
    weights_sha256: str = ""
    epoch: int | None = None


class ScoreFileHeader(Frozen):
    """What is known of the masks and of the metrics.

    Attributes:
        gridctl: Version that scored.
        metrics: What is known of each metric, by name.
        runs: Who made the masks; empty where nothing says.
        trained_on: Patients that such a run was trained on, each with the ids of those runs.
    """

    schema_version: Literal[2] = SCORE_FILE_SCHEMA_VERSION
    gridctl: str
    metrics: Mapping[ScoreKey, MetricInfo]
    runs: tuple[PredictingRun, ...] = ()
    trained_on: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Its fields, by name."""
        return self.model_dump(mode="json")


def rows_of(records: Iterable[CaseScores]) -> Iterator[dict[str, Any]]:
    """One row of each case, structure and metric; columns as `COLUMNS`."""
    for record in records:
        of_case = {name: getattr(record, name) for name in (*OF_CASE, *OF_PATIENT, *COUNTS)}
        for metric, value in record.scores.items():
            yield {**of_case, "metric": metric, "value": value, "undefined": ""}
        for metric, reason in record.undefined.items():
            yield {**of_case, "metric": metric, "value": None, "undefined": reason}


def score_file_sha256(header: ScoreFileHeader, rows: Sequence[Mapping[str, Any]]) -> str:
    """SHA-256 of everything that a comparison takes from such a file, whether it is JSON or Parquet."""
    content = {"header": header.to_json(), "rows": [[row[name] for name in COLUMNS] for row in rows]}
    return hashlib.sha256(canonical_json(content).encode()).hexdigest()
