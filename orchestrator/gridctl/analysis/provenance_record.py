"""What a report was made with, before it is rendered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class ProvenanceValue:
    """One value of the environment that runs were trained in.

    Attributes:
        field: Column of `Collected.runs`: `git_sha`, `image`, `versions`, `device_name`, `data_digest`.
        value: Empty if unknown.
        runs: How many runs have it.
    """

    field: str
    value: str
    runs: int


@dataclass(frozen=True, slots=True)
class SealedPlan:
    """The plan that was sealed when the experiment was first submitted.

    Attributes:
        sha256: SHA-256 of the plan, as `gridctl seal` prints it.
        at: When it was sealed, by the clock of the machine that submitted.
        finished: Runs that were finished by then.
        edits: How the experiment, or the seal itself, differs from what was sealed, in sentences.
    """

    sha256: str
    at: str
    finished: int
    edits: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where the numbers come from. May differ between two stores that hold the same scores.

    Attributes:
        runs: Environment of the finished runs, by field, most frequent first.
        analysis: Versions of the software that made this report: gridctl, python, numpy, scipy, pandas.
        resamples, resampling_seed: Those of the BCa intervals and of sampled permutations.
        confidence: Level of every interval.
        plan: What was sealed; None where nothing was.
        request: The `ReportRequest` of the report, from which `gridctl verify` makes it again.
        objects: SHA-256 of each object of the store that the report is made from, by key.
    """

    runs: Sequence[ProvenanceValue] = ()
    analysis: Mapping[str, str] = field(default_factory=dict)
    resamples: int = 0
    resampling_seed: int = 0
    confidence: float = 0.95
    plan: SealedPlan | None = None
    request: Mapping[str, Any] = field(default_factory=dict)
    objects: Mapping[str, str] = field(default_factory=dict)
