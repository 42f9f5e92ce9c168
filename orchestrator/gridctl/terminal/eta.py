"""The remaining time, from the epochs measured so far. Pure functions."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RunPace:
    """How far one run is, and how fast.

    Attributes:
        cell: What runs of about the same speed have in common: model, train ratio, ablation.
        epochs: How many it is to train.
        epochs_done: How many are in its log.
        seconds_per_epoch: Median of what was measured; None before the first epoch.
    """

    cell: tuple[str, float, str]
    epochs: int
    epochs_done: int
    seconds_per_epoch: float | None = None

    @property
    def remaining(self) -> int:
        """Epochs still to train."""
        return max(0, self.epochs - self.epochs_done)


def remaining_seconds(paces: Iterable[RunPace]) -> Mapping[tuple[str, float, str], float | None]:
    """Training time that remains in each cell of the grid, one run at a time.

    A cell without a measured epoch is taken to be as fast as its model's mean elsewhere; with
    none of its model measured its time is unknown.

    Returns:
        Seconds by cell; None where nothing is known and something remains.
    """
    paces = list(paces)
    speeds = _speeds(paces)
    total: dict[tuple[str, float, str], float | None] = {}
    for pace in paces:
        before = total.setdefault(pace.cell, 0.0)
        if not pace.remaining or before is None:
            continue
        speed = speeds[pace.cell]
        total[pace.cell] = before + pace.remaining * speed if speed is not None else None
    return total


def longest_seconds(paces: Iterable[RunPace]) -> float:
    """Remaining time of the longest run; runs of unknown speed do not count."""
    paces = list(paces)
    speeds = _speeds(paces)
    return max((pace.remaining * (speeds[pace.cell] or 0.0) for pace in paces), default=0.0)


def _speeds(paces: Iterable[RunPace]) -> Mapping[tuple[str, float, str], float | None]:
    """Seconds of an epoch in each cell: its own mean, else that of its model; None if neither was measured."""
    by_cell: dict[tuple[str, float, str], list[float]] = {}
    by_model: dict[str, list[float]] = defaultdict(list)
    for pace in paces:
        of_cell = by_cell.setdefault(pace.cell, [])
        if pace.seconds_per_epoch is not None:
            of_cell.append(pace.seconds_per_epoch)
            by_model[pace.cell[0]].append(pace.seconds_per_epoch)
    of_model = {model: statistics.fmean(measured) for model, measured in by_model.items()}
    return {
        cell: statistics.fmean(measured) if measured else of_model.get(cell[0]) for cell, measured in by_cell.items()
    }


def eta_seconds(paces: Iterable[RunPace], at_once: int) -> float | None:
    """Time until the last run is done, if `at_once` runs train at a time.

    Returns:
        Seconds; None if the speed of something that remains is unknown.
    """
    parts = remaining_seconds(paces).values()
    known = [part for part in parts if part is not None]
    return sum(known) / max(1, at_once) if len(known) == len(parts) else None
