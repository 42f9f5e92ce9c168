"""Predicted and true volumes in ml, and their errors.

A volume is the number of voxels in the annotated slices times the volume of a voxel, which is the voxel's area within
the slice times the distance between slice centres, including the gap.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from gridctl_trainer.metrics.base import NO_SPACING, NO_TRUTH, CaseVolume, MetricDescriptor, Undefined

_COVERS: Final = (
    "voxels times in-plane spacing times distance between slice centres, including the gap, over annotated slices"
)


def volume_ml(volume: CaseVolume) -> float | Undefined:
    """Predicted volume, in ml."""
    return volume.predicted_voxels * volume.voxel_ml if volume.has_spacing else NO_SPACING


def true_volume_ml(volume: CaseVolume) -> float | Undefined:
    """True volume, in ml."""
    return volume.true_voxels * volume.voxel_ml if volume.has_spacing else NO_SPACING


def volume_error_ml(volume: CaseVolume) -> float | Undefined:
    """Predicted minus true volume, in ml."""
    more = volume.predicted_voxels - volume.true_voxels
    return more * volume.voxel_ml if volume.has_spacing else NO_SPACING


def absolute_volume_error_ml(volume: CaseVolume) -> float | Undefined:
    """Absolute difference between predicted and true volume, in ml."""
    error = volume_error_ml(volume)
    return error if isinstance(error, Undefined) else abs(error)


def relative_volume_error(volume: CaseVolume) -> float | Undefined:
    """Predicted minus true volume, in percent of the true volume."""
    if not volume.true_voxels:
        return NO_TRUTH
    return 100 * (volume.predicted_voxels - volume.true_voxels) / volume.true_voxels


_volume = partial(MetricDescriptor, higher_is_better=False, unit="ml", level="case")

VOLUME_ML: Final = _volume(
    label="volume", definition=f"predicted volume: {_COVERS}", is_score=False, low=0, function=volume_ml
)

TRUE_VOLUME_ML: Final = _volume(
    label="true volume", definition=f"true volume: {_COVERS}", is_score=False, low=0, function=true_volume_ml
)

VOLUME_ERROR_ML: Final = _volume(
    label="volume error", definition=f"predicted minus true volume: {_COVERS}", is_score=False, function=volume_error_ml
)

ABSOLUTE_VOLUME_ERROR_ML: Final = _volume(
    label="absolute volume error",
    definition=f"absolute difference between predicted and true volume: {_COVERS}",
    low=0,
    function=absolute_volume_error_ml,
)

RELATIVE_VOLUME_ERROR: Final = MetricDescriptor(
    label="relative volume error",
    definition="predicted minus true volume in percent of the true one, over annotated slices",
    higher_is_better=False,
    is_score=False,
    unit="%",
    low=-100,
    level="case",
    function=relative_volume_error,
)
