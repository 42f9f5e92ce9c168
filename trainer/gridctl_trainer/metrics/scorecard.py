"""Applies metrics to whole cases and patients. Every number is checked, and every missing one has its reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from gridctl_trainer.contract.errors import shortened
from gridctl_trainer.metrics.base import CaseVolume, PatientVolumes, Undefined
from gridctl_trainer.metrics.loading import NOT_A_NUMBER, Level, Metric, called, checked_number


class Scores(NamedTuple):
    """The scores of one structure of a case or patient.

    Attributes:
        scores: The value of each metric that has one, by metric.
        undefined: Why each of the others has no value, by metric.
    """

    scores: dict[str, float]
    undefined: dict[str, str]


def score_case(metrics: Sequence[Metric], volumes: Mapping[str, CaseVolume]) -> dict[str, Scores]:
    """Score one patient at one time point.

    Args:
        metrics: The metrics; those of slices and patients are skipped.
        volumes: The volumes by structure.

    Returns:
        The scores by structure, for every structure that a metric applies to. Metrics that are not per structure are
        under the empty name.

    Raises:
        MetricError: A metric fails, or returns anything but a number in its range or `Undefined`.
    """
    return _scored(metrics, "case", volumes, volumes)


def score_patient(metrics: Sequence[Metric], volumes: PatientVolumes) -> dict[str, Scores]:
    """Score one patient by the metrics that need several time points.

    Args:
        metrics: The metrics; those of slices and cases are skipped.
        volumes: The volumes by time point and structure.

    Returns:
        As `score_case`.

    Raises:
        MetricError: As `score_case`.
    """
    structures = dict.fromkeys(name for of_time in volumes.values() for name in of_time)
    return _scored(
        metrics,
        "patient",
        volumes,
        {name: {time: found[name] for time, found in volumes.items() if name in found} for name in structures},
    )


def _scored(
    metrics: Iterable[Metric], level: Level, together: Any, by_structure: Mapping[str, Any]
) -> dict[str, Scores]:
    found: dict[str, Scores] = {}
    for metric in metrics:
        if metric.info.level == level:
            for structure in metric.info.structures_of(list(by_structure)):
                given = by_structure[structure] if metric.info.per_structure else together
                _note(metric, given, found.setdefault(structure, Scores({}, {})))
    return found


def _note(metric: Metric, given: Any, found: Scores) -> None:
    answer = called(metric, metric.function, given)
    if isinstance(answer, Undefined):
        found.undefined[metric.name] = shortened(answer.reason, 100)
    elif (number := checked_number(metric, answer)) is None:
        found.undefined[metric.name] = NOT_A_NUMBER
    else:
        found.scores[metric.name] = number
