"""When it will be done, from the epochs measured so far: pure."""

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
        epochs: Wanted.
        epochs_done: Logged.
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
    by_cell: dict[tuple[str, float, str], list[float]] = defaultdict(list)
    by_model: dict[str, list[float]] = defaultdict(list)
    for pace in paces:
        if pace.seconds_per_epoch is not None:
            by_cell[pace.cell].append(pace.seconds_per_epoch)
            by_model[pace.cell[0]].append(pace.seconds_per_epoch)
    total: dict[tuple[str, float, str], float | None] = {}
    for pace in paces:
        measured = by_cell.get(pace.cell) or by_model.get(pace.cell[0])
        before = total.setdefault(pace.cell, 0.0)
        if not pace.remaining or before is None:
            continue
        total[pace.cell] = before + pace.remaining * statistics.fmean(measured) if measured else None
    return total


def eta_seconds(paces: Iterable[RunPace], at_once: int) -> float | None:
    """Time until the last run is done, if `at_once` runs train at a time.

    Returns:
        Seconds; None if the speed of something that remains is unknown.
    """
    parts = remaining_seconds(paces).values()
    known = [part for part in parts if part is not None]
    return sum(known) / max(1, at_once) if len(known) == len(parts) else None
