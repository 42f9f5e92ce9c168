"""One event of an experiment's history: a submission or a report, and what was declared then."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal

from pydantic import ConfigDict, Field

from gridctl.collection.specifications import deciding_values, flat
from gridctl.experiment import Experiment
from gridctl_trainer.contract.fields.bounds import Count, Time
from gridctl_trainer.contract.frozen import Frozen, canonical_json
from gridctl_trainer.contract.records.base import Record
from gridctl_trainer.contract.released.conversion import ReleasedRunSpec
from gridctl_trainer.contract.spec import RunSpec

if TYPE_CHECKING:
    from gridctl.analysis.request import ReportRequest

HISTORY_SCHEMA_VERSION: Final = 1

_DIGITS: Final = 12
"""Characters kept of the digest of how a model is trained."""


class Growing(Frozen):
    """Base of records that ignore fields added by a later version."""

    model_config = ConfigDict(extra="ignore")


class DeclaredComparison(Growing):
    """One `compare` of the experiment file."""

    model: str
    against: str
    metrics: tuple[str, ...]
    secondary: tuple[str, ...] | None = None
    score: str
    family: str
    equivalence_margin: float | None = None
    claim: str | None = None
    stopping: str | dict[str, tuple[int, ...]] = "fixed"
    trend: str | None = None
    tuned_on: str | None = None


class Declared(Growing):
    """What the experiment said at that time.

    Attributes:
        specification: Version of its run specifications; specifications of two versions cannot be compared.
        trained: By model and ablation, `unet none`, a digest of what can change a result in network, training and data.
        options: The same values themselves, by their paths; events of earlier versions have none.
    """

    models: tuple[str, ...]
    train_ratios: tuple[float, ...]
    ablations: tuple[str, ...]
    seeds: tuple[int, ...]
    comparisons: tuple[DeclaredComparison, ...] = ()
    specification: int = 1
    trained: Mapping[str, str] = Field(default_factory=dict)
    options: Mapping[str, Mapping[str, Any]] = Field(default_factory=dict)


class Asked(Growing):
    """What the command line asked of a report; None where it used what the file declares.

    Attributes:
        test_set: Whether it showed scores of the test set.
    """

    significance: bool
    unit: str
    score: str | None = None
    metrics: tuple[str, ...] | None = None
    strict_pairs: bool = False
    keep_differing_pairs: bool = False
    test_set: bool = False


class HistoryEvent(Record):
    """What happened.

    Attributes:
        event: A submission, or a report.
        at: When.
        gridctl: Version that did it.
        runs, finished: Of the grid, and how many of them were done.
        declared: What the experiment said.
        asked: What the report was asked; None of a submission.
    """

    model_config = ConfigDict(extra="ignore")
    kind: ClassVar[str] = "an event of an experiment's history"
    max_bytes: ClassVar[int] = 4 << 20

    schema_version: Literal[1] = HISTORY_SCHEMA_VERSION
    event: Literal["submit", "report"]
    at: Time
    gridctl: str
    runs: Count
    finished: Count
    declared: Declared
    asked: Asked | None = None

    def to_json(self) -> bytes:
        """The event as it is stored."""
        return (json.dumps(self.model_dump(mode="json"), indent=2) + "\n").encode()

    def says_the_same(self, other: HistoryEvent) -> bool:
        """Whether another event differs only in its time and version."""
        when = {"at": self.at, "gridctl": self.gridctl}
        return self == other.model_copy(update=when)


def submit_event(experiment: Experiment, finished: int) -> HistoryEvent:
    """A submission, now."""
    return _event("submit", experiment, finished, None)


def report_event(
    experiment: Experiment, finished: int, request: ReportRequest, *, test_set: bool = False
) -> HistoryEvent:
    """A report, now; `test_set` says whether it shows scores of the test set."""
    metrics = None if request.metrics is None else tuple(request.metrics)
    asked = Asked(
        significance=request.significance,
        unit=request.unit,
        score=request.score,
        metrics=metrics,
        strict_pairs=request.strict_pairs,
        keep_differing_pairs=request.keep_differing_pairs,
        test_set=test_set,
    )
    return _event("report", experiment, finished, asked)


def _event(
    event: Literal["submit", "report"], experiment: Experiment, finished: int, asked: Asked | None
) -> HistoryEvent:
    return HistoryEvent(
        event=event,
        at=datetime.now(UTC),
        gridctl=version("gridctl"),
        runs=len(experiment.runs),
        finished=finished,
        declared=declared(experiment),
        asked=asked,
    )


def declared(experiment: Experiment) -> Declared:
    """What an experiment says of its grid and its comparisons."""
    trained: dict[str, str] = {}
    options: dict[str, dict[str, Any]] = {}
    for run in experiment.runs:
        name = f"{run.model} {run.ablation}"
        if name not in trained:
            said = _trained_by(run)
            options[name] = dict(flat(said))
            trained[name] = hashlib.sha256(canonical_json(said).encode()).hexdigest()[:_DIGITS]
    return Declared(
        models=experiment.models,
        train_ratios=experiment.train_ratios,
        ablations=experiment.ablations,
        seeds=experiment.seeds,
        comparisons=tuple(
            DeclaredComparison.model_validate(item.model_dump(include=set(DeclaredComparison.model_fields)))
            for item in experiment.compare
        ),
        specification=max((run.schema_version for run in experiment.runs), default=1),
        trained=trained,
        options=options,
    )


def _trained_by(run: RunSpec) -> dict[str, Any]:
    if isinstance(run, ReleasedRunSpec):
        values = run.released.deciding()
    else:
        values = deciding_values(run)
        # Without defaults: a machine on which the model is not installed does not know them.
        values["network"] = {"architecture": run.network.architecture, **run.network.options}
    return {section: values[section] for section in ("network", "training", "data")}
