"""Times several ways to do the same work in alternation, so that other load on the machine slows all of them alike."""

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
    """Return the median time of each work in seconds, after warm-up rounds that are not counted.

    Args:
        works: The works by name.
        rounds: Number of rounds that are counted.
        warm_up: Number of rounds before them.
        clock: Returns the time in seconds.
    """
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(warm_up + rounds):
        for name, work in works.items():
            started = clock()
            work()
            taken[name].append(clock() - started)
    return {name: statistics.median(values[warm_up:]) for name, values in taken.items()}
