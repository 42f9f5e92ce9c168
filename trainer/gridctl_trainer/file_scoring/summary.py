"""Summarises a scorecard: each metric of each structure, by time point and over patients."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from gridctl_trainer.contract.metric_info import MetricInfo
from gridctl_trainer.contract.records.case_scores import PATIENT, CaseScores

EVERY: Final = ""
"""Stands in place of a time point for the mean over all time points of a patient."""


@dataclass(frozen=True, slots=True)
class Summary:
    """One metric of one structure.

    Attributes:
        structure: Name of the structure; empty for a metric without structures.
        metric: Name of the metric.
        time_point: Time point of the cases; empty for the means of patients.
        values: Value of each case or each patient.
        undefined: Number of cases or patients without a value, by reason.
    """

    structure: str
    metric: str
    time_point: str
    values: tuple[float, ...]
    undefined: Mapping[str, int]

    @property
    def mean(self) -> float | None:
        """Mean of the values; None if there are none."""
        return statistics.fmean(self.values) if self.values else None

    @property
    def sd(self) -> float | None:
        """Standard deviation of the values; None if there are fewer than two."""
        return statistics.stdev(self.values) if len(self.values) > 1 else None

    @property
    def median(self) -> float | None:
        """None without a value."""
        return statistics.median(self.values) if self.values else None


def summarise(records: Sequence[CaseScores], metrics: Mapping[str, MetricInfo]) -> list[Summary]:
    """Summarise records, by structure and metric.

    The value of a patient is the mean over all time points in the set. A patient for whom a time point is missing or
    undefined has no value, because a mean over the other time points would not be comparable with other patients.

    Args:
        records: Records of cases and patients.
        metrics: The metrics that were computed, in the desired order.
    """
    found = []
    for structure in dict.fromkeys(record.structure for record in records):
        own = [record for record in records if record.structure == structure]
        for name, info in metrics.items():
            of_level = [record for record in own if (record.time_point == PATIENT) == (info.level == "patient")]
            there = [record for record in of_level if name in record.scores or name in record.undefined]
            if there:
                found += _of_metric(structure, name, there)
    return found


def one_empty(records: Iterable[CaseScores]) -> Counter[str]:
    """Count, per structure, the cases with exactly one empty mask, whose distance is the diagonal of the volume."""
    return Counter(
        record.structure
        for record in records
        if record.true_positive == 0 and bool(record.false_positive) != bool(record.false_negative)
    )


def _of_metric(structure: str, name: str, records: Sequence[CaseScores]) -> list[Summary]:
    by_time: dict[str, list[CaseScores]] = defaultdict(list)
    by_patient: dict[str, dict[str, CaseScores]] = defaultdict(dict)
    for record in records:
        by_time[record.time_point].append(record)
        by_patient[record.patient][record.time_point] = record
    found = []
    if set(by_time) not in ({PATIENT}, {""}):
        for time_point, own in sorted(by_time.items()):
            values = tuple(record.scores[name] for record in own if name in record.scores)
            reasons = Counter(record.undefined[name] for record in own if name not in record.scores)
            found.append(Summary(structure, name, time_point, values, reasons))
    means, left_out = [], Counter[str]()
    for own_times in by_patient.values():
        lacking = [time_point for time_point in by_time if time_point not in own_times]
        reasons_of_own = [record.undefined[name] for record in own_times.values() if name not in record.scores]
        if lacking or reasons_of_own:
            left_out[reasons_of_own[0] if reasons_of_own else f"no {lacking[0]}"] += 1
        else:
            means.append(statistics.fmean(record.scores[name] for record in own_times.values()))
    return [*found, Summary(structure, name, EVERY, tuple(means), left_out)]
