"""What gridctl knows about the model without torch: its options, and where its code is."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from gridctl_trainer.contract.spec.identity import RECORDED
from gridctl_trainer.plugins.model import ModelDescriptor, ModelOptions


class ResUNetOptions(ModelOptions):
    """A U-Net whose blocks add their input to their output (after He et al. 2016).

    Attributes:
        width: Number of channels at the finest level; each level below has twice as many.
        depth: Number of levels, including the bottleneck.
        dropout: Share of the channels that are dropped in the bottleneck during training.
        recompute_blocks: Run each block again for its gradients: less memory, more time, the same result.
    """

    width: int = Field(16, ge=1, le=1024)
    depth: int = Field(3, ge=1, le=7)
    dropout: float = Field(0.0, ge=0, lt=1)
    recompute_blocks: Annotated[bool, RECORDED] = False

    @property
    def size_multiple(self) -> int:
        """Side lengths must be a multiple of this, as each level except the last halves the image."""
        return 1 << (self.depth - 1)


RES_UNET = ModelDescriptor(
    summary="a U-Net of residual blocks", options=ResUNetOptions, build="own_model.network:build"
)
