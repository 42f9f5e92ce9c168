"""Registers γ-Net."""

from __future__ import annotations

from typing import Final

from gridctl_trainer.models.gamma_net.options import GammaNetOptions
from gridctl_trainer.plugins.model import ModelDescriptor

GAMMA_NET: Final = ModelDescriptor(
    summary="the recurrent γ-Net", options=GammaNetOptions, build="gridctl_trainer.models.gamma_net.network:GammaNet"
)
