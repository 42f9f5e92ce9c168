"""The network itself, which is imported only for training."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from own_model.descriptor import ResUNetOptions


class ResUNet(nn.Module):
    """A U-Net of residual blocks. It can be named by its path as well: `architecture: "own_model.network:ResUNet"`.

    Args:
        in_channels: Number of channels of the images; given by gridctl.
        classes: Number of channels of the logits; given by gridctl.
        width: Number of channels at the finest level.
        depth: Number of levels, including the bottleneck.
        dropout: Share of the channels that are dropped in the bottleneck during training.
        recompute_blocks: Whether to run each block again for its gradients.
    """

    size_multiple = 4
    """Side lengths must be a multiple of this, which gridctl reads from a class named by its path; for three levels."""

    def __init__(
        self,
        in_channels: int,
        classes: int,
        width: int = 16,
        depth: int = 3,
        dropout: float = 0.0,
        recompute_blocks: bool = False,
    ) -> None:
        super().__init__()
        widths = [width << level for level in range(depth)]
        self._recompute = recompute_blocks
        self.down = nn.ModuleList(_Block(i, o) for i, o in pairwise([in_channels, *widths]))
        self.up = nn.ModuleList(_Block(below + here, here) for here, below in pairwise(widths))
        self.dropout = nn.Dropout2d(dropout)
        self.readout = nn.Conv2d(width, classes, 1)

    def forward(self, images: Tensor) -> Tensor:
        """Compute logits (B, classes, H, W) of images (B, in_channels, H, W)."""
        maps, skips = images, []
        for level, block in enumerate(self.down):
            maps = self._run(block, functional.max_pool2d(maps, 2) if level else maps)
            skips.append(maps)
        maps = self.dropout(skips.pop())
        for block in reversed(self.up):
            wider = functional.interpolate(maps, scale_factor=2, mode="bilinear", align_corners=False)
            maps = self._run(block, torch.cat([wider, skips.pop()], dim=1))
        return self.readout(maps)

    def _run(self, block: nn.Module, maps: Tensor) -> Tensor:
        if self._recompute and torch.is_grad_enabled():
            return checkpoint(block, maps, use_reentrant=False)
        return block(maps)


class _Block(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.project = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()
        self.convolve = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, padding=1),
            nn.InstanceNorm2d(outputs, affine=True),
            nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, padding=1),
            nn.InstanceNorm2d(outputs, affine=True),
        )

    def forward(self, maps: Tensor) -> Tensor:
        return functional.relu(self.project(maps) + self.convolve(maps))


def build(options: ResUNetOptions, in_channels: int, classes: int) -> ResUNet:
    """Build the network; gridctl calls this with the options as read and with what the data requires."""
    return ResUNet(in_channels, classes, **options.model_dump())
