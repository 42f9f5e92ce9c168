"""The sets and structures that a run scores, and the metrics."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Final

from pydantic import AfterValidator

from gridctl_trainer.contract.score_name import VALIDATION, MetricName
from gridctl_trainer.contract.spec.data import DataSpec

DEFAULT_METRICS: Final = (
    "dice",
    "soft_dice",
    "bce",
    *("iou", "sensitivity", "precision", "hd", "hd95", "assd", "nsd"),
    *("slice_hd95", "slice_hd95_basal", "slice_hd95_mid", "slice_hd95_apical"),
    *("volume_ml", "true_volume_ml", "volume_error_ml", "absolute_volume_error_ml", "relative_volume_error"),
    *("edv_ml", "true_edv_ml", "edv_error_ml", "absolute_edv_error_ml", "relative_edv_error"),
    *("esv_ml", "true_esv_ml", "esv_error_ml", "absolute_esv_error_ml", "relative_esv_error"),
    *("stroke_volume_ml", "true_stroke_volume_ml", "stroke_volume_error_ml", "absolute_stroke_volume_error_ml"),
    *("relative_stroke_volume_error", "ef", "true_ef", "ef_error", "absolute_ef_error"),
    *("mass_g", "true_mass_g", "mass_error_g", "absolute_mass_error_g", "relative_mass_error"),
)
"""The scorecard: scores of whole cases and patients after training, and two scores of slices after each epoch."""

DEFAULT_SECONDARY_METRIC: Final = "hd95"
"""The metric that is tested besides the first one if that is a metric of cases. It is never in the headline."""


def scored_sets(data: DataSpec) -> tuple[str, ...]:
    """The sets that are scored after every epoch, by name."""
    return (VALIDATION, *data.external)


def structures_of(data: DataSpec) -> tuple[str, ...]:
    """The segmented structures, in the order of the classes."""
    return data.target


def _each_once(names: tuple[str, ...]) -> tuple[str, ...]:
    if not names:
        raise ValueError("the list is empty, so nothing is scored")
    if twice := [name for name, times in Counter(names).items() if times > 1]:
        raise ValueError(f"{', '.join(twice)} appears more than once")
    return names


MetricNames = Annotated[tuple[MetricName, ...], AfterValidator(_each_once)]
