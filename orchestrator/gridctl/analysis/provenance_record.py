"""What a report was made with, before it is drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


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
class Provenance:
    """Where the numbers come from. May differ between two stores that hold the same scores.

    Attributes:
        runs: What the finished runs ran on, by field, most frequent first.
        analysis: Versions of what made this report: gridctl, python, numpy, scipy, pandas.
        resamples, resampling_seed: Of the BCa intervals and of sampled permutations.
        confidence: Of every interval.
    """

    runs: Sequence[ProvenanceValue] = ()
    analysis: Mapping[str, str] = field(default_factory=dict)
    resamples: int = 0
    resampling_seed: int = 0
    confidence: float = 0.95
