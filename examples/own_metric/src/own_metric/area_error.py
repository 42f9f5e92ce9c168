"""The difference between the predicted and the true area of a structure, in percent."""

from __future__ import annotations

from typing import Final

from gridctl_trainer.metrics.base import MetricDescriptor, SliceBatch, Undefined


def area_error(images: SliceBatch) -> list[float | Undefined]:
    """Compute the error of each image. It is undefined for an image without the structure, which is not averaged."""
    true = images.truth.flatten(1).sum(1).tolist()
    found = images.predicted.flatten(1).sum(1).tolist()
    return [
        100 * abs(predicted - area) / area if area else Undefined("no truth")
        for predicted, area in zip(found, true, strict=True)
    ]


AREA_ERROR: Final = MetricDescriptor(
    label="area error",
    definition="difference of predicted and true area over the true one, in percent, mean over slices that show the "
    "structure",
    higher_is_better=False,
    low=0,
    unit="%",
    function=area_error,
)
