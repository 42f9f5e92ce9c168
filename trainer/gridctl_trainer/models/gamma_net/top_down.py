"""The top-down connections of γ-Net."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from gridctl_trainer.models.kernels.switch import Kernel, chosen
from gridctl_trainer.models.kernels.top_down_mix import mix_before_upsampling


class TopDownMix(nn.Module):
    """Brings the activity of all coarser levels to one level by upsampling, concatenation and a 1x1 convolution.

    Source: Li (2020) table A.3.
    """

    def __init__(self, channels: tuple[int, ...], level: int) -> None:
        """Create the convolution. Its inputs are the activity one level below, then the states, coarsest first.

        Args:
            channels: Channels of every level, finest first.
            level: Index of the level that the activity is brought to.
        """
        super().__init__()
        below = channels[level + 1 :]
        self.conv = nn.Conv2d(below[0] + sum(below), channels[level], 1)

    def forward(self, maps: Tensor, states: list[Tensor]) -> Tensor:
        """Mix activity and states.

        Args:
            maps: The activity one level below, (B, C[level+1], H/2, W/2).
            states: Hidden states of the coarser levels, finest first; each (B, C[j], H/2^n, W/2^n).

        Returns:
            (B, C[level], H, W).
        """
        if chosen(Kernel.TOP_DOWN_MIX, maps):
            return mix_before_upsampling(maps, states, self.conv)
        size = (2 * maps.shape[2], 2 * maps.shape[3])
        upsampled = [
            functional.interpolate(source, size, mode="bilinear", align_corners=False)
            for source in (maps, *reversed(states))
        ]
        return self.conv(torch.cat(upsampled, dim=1))  # type: ignore[no-any-return]
