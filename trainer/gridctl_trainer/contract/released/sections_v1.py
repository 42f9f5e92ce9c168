"""Data and training of a specification of version 1. Frozen: nothing here changes any more."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from gridctl_trainer.contract.frozen import Frozen
from gridctl_trainer.contract.location import LocationText

ScoreV1 = Literal["train_loss", "validation_dice", "validation_bce", "generalisation_dice", "generalisation_bce"]


class PreprocessingV1(Frozen):
    """Which of the four preprocessing steps run."""

    gaussian: bool = True
    clahe: bool = True
    minmax: bool = True
    resize: bool = True


class AugmentationV1(Frozen):
    """How training images are varied."""

    rotation_degrees: float = Field(0.0, ge=0, le=180)
    scaling: float = Field(0.0, ge=0, lt=1)
    shift: float = Field(0.0, ge=0, le=0.5)
    flip: bool = False
    gamma: float = Field(0.0, ge=0, le=2)


class DataV1(Frozen):
    """The set that is split, and the one that measures generalisation."""

    acdc: LocationText
    sunnybrook: LocationText | None = None
    size_px: int = Field(176, ge=1, le=4096)
    preprocessing: PreprocessingV1 = PreprocessingV1()
    augmentation: AugmentationV1 = AugmentationV1()


class TrainingV1(Frozen):
    """How one model was trained."""

    epochs: int = Field(200, ge=1, le=9999)
    batch_size: int = Field(8, ge=1, le=65536)
    learning_rate: float = Field(1e-3, gt=0)
    validation_batch_size: int = Field(16, ge=1, le=65536)
    generalisation_batch_size: int = Field(8, ge=1, le=65536)
    checkpoint_every_epochs: int = Field(10, ge=1, le=9999)
    checkpoint_keep_last: int = Field(2, ge=1, le=9999)
    checkpoint_keep_every_epochs: int | None = Field(None, ge=1, le=9999)
    checkpoint_keep_best: ScoreV1 | None = None
    on_nonfinite: Literal["stop", "skip"] = "stop"
    deterministic: bool = True
    store_outage_minutes: float = Field(30, ge=0, le=7 * 24 * 60)
    spool_mib: int = Field(2048, ge=1, le=1 << 20)
    threads: int = Field(1, ge=1, le=1024)
    device: Literal["auto", "cpu", "cuda"] = "auto"
