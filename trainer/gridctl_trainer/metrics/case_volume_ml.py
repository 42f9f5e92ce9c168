"""Volumes in ml, predicted and true, and how far they are apart: voxels, over annotated slices, times their size.

The size of a voxel is its area within the slice times the distance of slice centres, gap included.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from gridctl_trainer.metrics.base import NO_SPACING, NO_TRUTH, CaseVolume, MetricDescriptor, Undefined

_COVERS: Final = "voxels times in-plane spacing times distance of slice centres, gap included, over annotated slices"


def volume_ml(volume: CaseVolume) -> float | Undefined:
    """Of the prediction."""
    return volume.predicted_voxels * volume.voxel_ml if volume.has_spacing else NO_SPACING


def true_volume_ml(volume: CaseVolume) -> float | Undefined:
    """Of the truth."""
    return volume.true_voxels * volume.voxel_ml if volume.has_spacing else NO_SPACING


def volume_error_ml(volume: CaseVolume) -> float | Undefined:
    """Predicted minus true."""
    more = volume.predicted_voxels - volume.true_voxels
    return more * volume.voxel_ml if volume.has_spacing else NO_SPACING


def absolute_volume_error_ml(volume: CaseVolume) -> float | Undefined:
    """The size of it."""
    error = volume_error_ml(volume)
    return error if isinstance(error, Undefined) else abs(error)


def relative_volume_error(volume: CaseVolume) -> float | Undefined:
    """The error in percent of the true volume."""
    if not volume.true_voxels:
        return NO_TRUTH
    return 100 * (volume.predicted_voxels - volume.true_voxels) / volume.true_voxels


_volume = partial(MetricDescriptor, higher_is_better=False, unit="ml", level="case")

VOLUME_ML: Final = _volume(
    label="volume", definition=f"predicted volume: {_COVERS}", is_score=False, low=0, function=volume_ml
)

TRUE_VOLUME_ML: Final = _volume(
    label="true volume", definition=f"volume of the truth: {_COVERS}", is_score=False, low=0, function=true_volume_ml
)

VOLUME_ERROR_ML: Final = _volume(
    label="volume error", definition=f"predicted minus true volume: {_COVERS}", is_score=False, function=volume_error_ml
)

ABSOLUTE_VOLUME_ERROR_ML: Final = _volume(
    label="absolute volume error",
    definition=f"difference of predicted and true volume without its sign: {_COVERS}",
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
