"""The line that a trend fits through a model's leads, with its band: what a plot of it draws."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gridctl.analysis.model.trend import TrendPoint
from gridctl.analysis.statistics.moderators.trend import patient_trend_differences, slopes
from gridctl.analysis.statistics.paired_t import paired_t
from gridctl.analysis.statistics.population.two_way import two_way

Table = NDArray[np.float64]


Lines = tuple[tuple[TrendPoint, ...], tuple[TrendPoint, ...]]
"""Mean leads at the ratios, and the fitted line."""

_STEPS: Final = 9
"""Places at which the band is computed: it is narrowest in the middle."""


def line_of_seeds(ratios: Sequence[float], leads: Table) -> Lines:
    """Of these patients: each seed has a line, and the band is the t interval of the seeds' lines at a ratio.

    Args:
        ratios: Shape (R,).
        leads: Shape (seeds, R), NaN where one is missing; such seeds are left out.
    """
    known = leads[np.isfinite(leads).all(axis=1)]
    if not len(known):
        return (), ()
    return _lines(ratios, known.T, slopes(ratios, known), _of_seeds)


def line_of_patients(ratios: Sequence[float], leads: Table) -> Lines:
    """Of patients like these: each patient has a line under each seed, and the band is the two-way interval of these.

    Args:
        ratios: Shape (R,).
        leads: Shape (R, seeds, patients), NaN where a patient was not scored; only who was at every ratio is in it.
    """
    steepness = patient_trend_differences(ratios, leads)
    if not np.isfinite(steepness).any():
        return (), ()
    return _lines(ratios, np.where(np.isfinite(steepness), leads, np.nan), steepness, _of_patients)


def _lines(
    ratios: Sequence[float], leads: Table, steepness: Table, estimate: Callable[[float, Table], TrendPoint]
) -> Lines:
    x = np.log2(np.asarray(ratios, dtype=float))
    middle = leads.mean(axis=0)
    order = [int(at) for at in np.argsort(x)]
    places = np.linspace(x.min(), x.max(), _STEPS)
    return (
        tuple(estimate(float(ratios[at]), leads[at]) for at in order),
        tuple(estimate(float(2**at), middle + steepness * (at - x.mean())) for at in places),
    )


def _of_seeds(ratio: float, values: Table) -> TrendPoint:
    found = paired_t(values, np.zeros_like(values))
    assert found.difference is not None
    return TrendPoint(ratio, found.difference, found.ci_low, found.ci_high)


def _of_patients(ratio: float, values: Table) -> TrendPoint:
    found = two_way(values)
    assert found.mean is not None
    return TrendPoint(ratio, found.mean, found.low, found.high)
