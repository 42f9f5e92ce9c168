"""Descriptors of the preprocessing steps that come with gridctl. Nothing heavy is imported here."""

from __future__ import annotations

from typing import Final

from gridctl_trainer.plugins.step import StepDescriptor

GAUSSIAN: Final = StepDescriptor(
    summary="3x3 Gaussian blur, sigma 1 px", apply="gridctl_trainer.preprocessing.steps:gaussian"
)

CLAHE: Final = StepDescriptor(
    summary="contrast-limited adaptive histogram equalisation, clip limit 2, 8x8 tiles, uint16",
    apply="gridctl_trainer.preprocessing.steps:clahe",
    rounds_to_integers=True,
)

MINMAX: Final = StepDescriptor(
    summary="scaling of each image to [0, 1]", apply="gridctl_trainer.preprocessing.steps:minmax"
)

RESIZE: Final = StepDescriptor(
    summary="shrinking so that the shorter edge equals `size_px`, if it is longer",
    shape="gridctl_trainer.preprocessing.steps:shrunk_shape",
)
