"""Pixels outside of two percentiles take their value: fat and flow artefacts no longer set the scale."""

from __future__ import annotations

from typing import Annotated, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from gridctl_trainer.plugins.step import StepDescriptor, StepOptions


class Options(StepOptions):
    """What is cut off.

    Attributes:
        lower: Percentile below which pixels take its value.
        upper: Percentile above which they do.
    """

    lower: Annotated[float, Field(ge=0, lt=50)] = 1.0
    upper: Annotated[float, Field(gt=50, le=100)] = 99.0


def clip(image: NDArray[np.float32], options: Options) -> NDArray[np.float32]:
    """An image, (H, W) float32, with its outliers cut off."""
    low, high = np.percentile(image, (options.lower, options.upper))
    return np.clip(image, low, high).astype(np.float32)


CLIP_OUTLIERS: Final = StepDescriptor(
    summary="cuts off the darkest and the brightest pixels",
    options=Options,
    apply=clip,
    before=("gaussian",),
)
