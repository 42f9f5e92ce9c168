"""What a run scores: which sets, which structures, by which metrics."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Final

from pydantic import AfterValidator

from gridctl_trainer.contract.score_name import VALIDATION, MetricName
from gridctl_trainer.contract.spec.data import DataSpec

DEFAULT_METRICS: Final = ("soft_dice", "bce")


def scored_sets(data: DataSpec) -> tuple[str, ...]:
    """The sets that are scored after every epoch, by name."""
    return (VALIDATION, *data.external)


def structures_of(data: DataSpec) -> tuple[str, ...]:
    """What is segmented, in the order of the classes."""
    return data.target


def _each_once(names: tuple[str, ...]) -> tuple[str, ...]:
    if not names:
        raise ValueError("the list is empty, so nothing is scored")
    if twice := [name for name, times in Counter(names).items() if times > 1]:
        raise ValueError(f"{', '.join(twice)} appears more than once")
    return names


MetricNames = Annotated[tuple[MetricName, ...], AfterValidator(_each_once)]
