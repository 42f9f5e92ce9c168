"""Registers the U-Net."""

from __future__ import annotations

from typing import Final

from gridctl_trainer.models.unet.options import UNetOptions
from gridctl_trainer.plugins.model import ModelDescriptor

UNET: Final = ModelDescriptor(
    summary="a lightweight U-Net", options=UNetOptions, build="gridctl_trainer.models.unet.network:UNet"
)
