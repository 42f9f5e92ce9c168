"""Several ways to do the same work, timed in turn: what else the machine does slows all of them alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping


def median_seconds(
    works: Mapping[str, Callable[[], object]],
    rounds: int,
    *,
    warm_up: int = 1,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, float]:
    """The median time of each, after rounds that are not counted."""
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(warm_up + rounds):
        for name, work in works.items():
            started = clock()
            work()
            taken[name].append(clock() - started)
    return {name: statistics.median(values[warm_up:]) for name, values in taken.items()}
