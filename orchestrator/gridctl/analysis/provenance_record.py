"""What a report was made with, before it is drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class ProvenanceValue:
    """One value of what runs ran on.

    Attributes:
        field: Column of `Collected.runs`: `git_sha`, `image`, `versions`, `device_name`, `data_digest`.
        value: Empty if unknown.
        runs: How many.
    """

    field: str
    value: str
    runs: int


@dataclass(frozen=True, slots=True)
class SealedPlan:
    """The plan that was sealed when the experiment was first submitted.

    Attributes:
        sha256: Of the plan, as `gridctl seal` prints it.
        at: When it was sealed, by the clock of the machine that submitted.
        finished: Runs that were finished by then.
        edits: What of the experiment, or of the seal itself, is not as it was sealed, in sentences.
    """

    sha256: str
    at: str
    finished: int
    edits: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where the numbers come from. May differ between two stores that hold the same scores.

    Attributes:
        runs: What the finished runs ran on, by field, most frequent first.
        analysis: Versions of what made this report: gridctl, python, numpy, scipy, pandas.
        resamples, resampling_seed: Of the BCa intervals and of sampled permutations.
        confidence: Of every interval.
        plan: What was sealed; None where nothing was.
        request: What the report was asked, as `ReportRequest`: with it `gridctl verify` asks again.
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
