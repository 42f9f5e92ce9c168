"""Volumes in ml, predicted and true, and how far they are apart: voxels, over annotated slices, times their size.

The size of a voxel is its area within the slice times the distance of slice centres, gap included.
"""

from __future__ import annotations

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


VOLUME_ML: Final = MetricDescriptor(
    label="volume",
    definition=f"predicted volume: {_COVERS}",
    higher_is_better=False,
    is_score=False,
    unit="ml",
    low=0,
    level="case",
    function=volume_ml,
)

TRUE_VOLUME_ML: Final = MetricDescriptor(
    label="true volume",
    definition=f"volume of the truth: {_COVERS}",
    higher_is_better=False,
    is_score=False,
    unit="ml",
    low=0,
    level="case",
    function=true_volume_ml,
)

VOLUME_ERROR_ML: Final = MetricDescriptor(
    label="volume error",
    definition=f"predicted minus true volume: {_COVERS}",
    higher_is_better=False,
    is_score=False,
    unit="ml",
    level="case",
    function=volume_error_ml,
)

ABSOLUTE_VOLUME_ERROR_ML: Final = MetricDescriptor(
    label="absolute volume error",
    definition=f"difference of predicted and true volume without its sign: {_COVERS}",
    higher_is_better=False,
    unit="ml",
    low=0,
    level="case",
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
