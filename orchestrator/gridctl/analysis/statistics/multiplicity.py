"""Corrections of p values for multiple tests."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import false_discovery_control


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Correct a family of tests so that the chance of any false positive stays at the level.

    Args:
        p_values: Of one family; None where a test cannot be made yet: it counts as p = 1, so that the
            family is as large as it was declared, however much of it is known.

    Returns:
        Corrected p values in the same order, None where there was none.

    Source: Holm (1979).
    """
    return _corrected(p_values, _holm)


def benjamini_hochberg(p_values: Sequence[float | None]) -> list[float | None]:
    """Correct a family of tests so that the expected share of false positives stays at the level.

    Args:
        p_values: As for `holm`.

    Returns:
        As `holm`.

    Source: Benjamini and Hochberg (1995).
    """
    return _corrected(p_values, false_discovery_control)


def within_families(
    correct: Callable[[Sequence[float | None]], list[float | None]],
    p_values: Sequence[Sequence[float | None]],
    families: Sequence[Sequence[str]],
) -> list[list[float | None]]:
    """Correct the tests of several comparisons, each within its family.

    Args:
        correct: `holm` or `benjamini_hochberg`.
        p_values: Of each comparison's tests; None where one cannot be made yet.
        families: The family of each of them.

    Returns:
        Corrected p values in the same places.
    """
    members: dict[str, list[float | None]] = defaultdict(list)
    for of_part, named in zip(p_values, families, strict=True):
        for p, family in zip(of_part, named, strict=True):
            members[family].append(p)
    after = {family: iter(correct(values)) for family, values in members.items()}
    return [[next(after[family]) for family in named] for named in families]


def _holm(p: NDArray[np.float64]) -> NDArray[np.float64]:
    order = np.argsort(p, kind="stable")
    steps = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(steps, 1.0)
    return corrected


def _corrected(
    p_values: Sequence[float | None], correct: Callable[[NDArray[np.float64]], NDArray[np.float64]]
) -> list[float | None]:
    if not p_values:
        return []
    corrected = correct(np.array([1.0 if p is None else p for p in p_values])).tolist()
    return [None if p is None else after for p, after in zip(p_values, corrected, strict=True)]
