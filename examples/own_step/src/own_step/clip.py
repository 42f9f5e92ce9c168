"""Clips pixels to two percentiles, so that fat and flow artefacts no longer determine the scale."""

from __future__ import annotations

from typing import Annotated, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from gridctl_trainer.plugins.step import StepDescriptor, StepOptions


class Options(StepOptions):
    """Options of the step.

    Attributes:
        lower: Percentile to which darker pixels are raised.
        upper: Percentile to which brighter pixels are lowered.
    """

    lower: Annotated[float, Field(ge=0, lt=50)] = 1.0
    upper: Annotated[float, Field(gt=50, le=100)] = 99.0


def clip(image: NDArray[np.float32], options: Options) -> NDArray[np.float32]:
    """Clip the outliers of an (H, W) float32 image."""
    low, high = np.percentile(image, (options.lower, options.upper))
    return np.clip(image, low, high).astype(np.float32)


CLIP_OUTLIERS: Final = StepDescriptor(
    summary="clips the darkest and the brightest pixels",
    options=Options,
    apply=clip,
    before=("gaussian",),
)
