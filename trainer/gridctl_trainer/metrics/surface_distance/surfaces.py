"""Distances between the surfaces of the predicted and the true volume: HD, HD95, ASSD and normalised surface Dice.

If only one of truth and prediction is empty, there is no distance. But a model that misses a structure must not score
better than one that segments it badly, so the volume's diagonal counts as the distance, and surface Dice is 0.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from gridctl_trainer.metrics.base import BOTH_EMPTY, NO_SPACING, CaseVolume, MetricDescriptor, Undefined

TOLERANCE_MM: Final = 2.0
"""How far a surface may lie from the other to count as found. A value of NSD is meaningless without it."""

_ONE_EMPTY: Final = "the volume's diagonal if only one of truth and prediction is empty"


def hd(volume: CaseVolume) -> float | Undefined:
    """Hausdorff distance, in mm."""
    return undefined if (undefined := _without(volume)) is not None else volume.distances.hd


def hd95(volume: CaseVolume) -> float | Undefined:
    """The larger of the two directions' 95th percentiles, in mm."""
    return undefined if (undefined := _without(volume)) is not None else volume.distances.hd95


def assd(volume: CaseVolume) -> float | Undefined:
    """Average symmetric surface distance, in mm."""
    return undefined if (undefined := _without(volume)) is not None else volume.distances.assd


def nsd(volume: CaseVolume) -> float | Undefined:
    """The share of both surfaces, by area, that is within the tolerance of the other."""
    if not (volume.predicted_voxels or volume.true_voxels):
        return BOTH_EMPTY
    if not (volume.predicted_voxels and volume.true_voxels):
        return 0.0
    return volume.elements.share_within(TOLERANCE_MM) if volume.has_spacing else NO_SPACING


def _without(volume: CaseVolume) -> float | Undefined | None:
    """The result if there are not two surfaces to compare; None if there are."""
    if not (volume.predicted_voxels or volume.true_voxels):
        return BOTH_EMPTY
    if not volume.has_spacing:
        return NO_SPACING
    return None if volume.predicted_voxels and volume.true_voxels else volume.diagonal_mm


_distance = partial(MetricDescriptor, higher_is_better=False, unit="mm", low=0, level="case")

HD: Final = _distance(
    label="HD",
    definition="Hausdorff distance of the surfaces in 3-D: the largest distance from a surface voxel of one to the "
    f"nearest of the other, mean over patients; {_ONE_EMPTY}",
    function=hd,
)

HD95: Final = _distance(
    label="HD95",
    definition="95% Hausdorff distance of the surfaces in 3-D: the larger of the two directed 95th percentiles, mean "
    f"over patients; {_ONE_EMPTY}",
    function=hd95,
)

ASSD: Final = _distance(
    label="ASSD",
    definition="average symmetric surface distance in 3-D: mean over the surface voxels of both, mean over patients; "
    f"{_ONE_EMPTY}",
    function=assd,
)

NSD: Final = MetricDescriptor(
    label=f"NSD at {TOLERANCE_MM:g} mm",
    definition=f"normalised surface Dice: share of both surfaces, by area, that is within {TOLERANCE_MM:g} mm of the "
    "other, mean over patients; 0 if only one of truth and prediction is empty",
    higher_is_better=True,
    low=0,
    high=1,
    level="case",
    function=nsd,
)
