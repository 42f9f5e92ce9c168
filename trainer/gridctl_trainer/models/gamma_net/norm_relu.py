"""An instance norm without weights, followed by a ReLU."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from gridctl_trainer.models.kernels.fused.normalise_and_rectify import normalise_and_rectify
from gridctl_trainer.models.kernels.instance_norm import instance_norm
from gridctl_trainer.models.kernels.switch import Kernel, chosen


class NormReLU(nn.Module):
    """relu(IN(maps))."""

    def __init__(self, eps: float) -> None:
        super().__init__()
        self.eps = eps

    def forward(self, maps: Tensor) -> Tensor:
        """Map (B, C, H, W) to the same shape."""
        if chosen(Kernel.FUSED_CHAINS, maps):
            return normalise_and_rectify(maps, self.eps)
        return functional.relu(instance_norm(maps, self.eps))
