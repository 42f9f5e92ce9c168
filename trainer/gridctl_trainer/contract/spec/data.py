"""Where the images of a run are, and how they are prepared."""

from __future__ import annotations

from pydantic import Field

from gridctl_trainer.contract.frozen import Frozen
from gridctl_trainer.contract.location import LocationText
from gridctl_trainer.contract.spec.augmentation import AugmentationSpec
from gridctl_trainer.contract.spec.preprocessing import PreprocessingSpec


class DataSpec(Frozen):
    """Where the images are and how they are prepared.

    Each place is a folder of files as published, a folder of packs that `data pack` made, or
    `s3://bucket/prefix` of either, which is fetched once to the disk of the machine that trains.

    Attributes:
        acdc: Folder or `s3://bucket/prefix` of the set that is split into training and validation patients.
        sunnybrook: Folder or `s3://bucket/prefix` of the set that only measures generalisation; None for none.
        size_px: Side in pixels of the square that models see; each level of a network but the last halves it.
        preprocessing: Steps before that square is cut.
        augmentation: How training images are varied.
    """

    acdc: LocationText
    sunnybrook: LocationText | None = None
    size_px: int = Field(176, ge=1, le=4096)
    preprocessing: PreprocessingSpec = PreprocessingSpec()
    augmentation: AugmentationSpec = AugmentationSpec()
