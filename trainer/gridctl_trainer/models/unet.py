"""The lightweight U-Net."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from gridctl_trainer.contract.network import UNetSpec
from gridctl_trainer.models.image_size import require_fitting_size
from gridctl_trainer.models.kernels.batch_norm import RectifiedBatchNorm
from gridctl_trainer.models.kernels.instance_norm import InstanceNorm


class UNet(nn.Module):
    """A U-Net of few channels.

    Source: Li (2020) tables A.1 and A.2, after Uys (2019). The tables print three
    convolutions a block and a pooling stride of 1; two and a stride of 2 were run. Bilinear
    upsampling and a 1x1 convolution stand where Ronneberger et al. (2015) transpose.
    """

    def __init__(self, spec: UNetSpec) -> None:
        """Weights start as torch draws them."""
        super().__init__()
        self._depth = spec.depth
        inputs = (1, *spec.channels[:-1])
        self.down = nn.ModuleList(_block(i, o, spec) for i, o in zip(inputs, spec.channels, strict=True))
        self.narrow = nn.ModuleList(nn.Conv2d(below, here, 1) for here, below in pairwise(spec.channels))
        self.up = nn.ModuleList(_block(2 * here, here, spec) for here in spec.channels[:-1])
        self.readout = nn.Conv2d(spec.channels[0], 1, 1)

    def forward(self, images: Tensor) -> Tensor:
        """Segment images.

        Args:
            images: (B, 1, H, W), [0, 1] after min-max; H and W multiples of 2^(depth-1).

        Returns:
            Logits, (B, 1, H, W).

        Raises:
            SpecError: The size does not fit the depth.
        """
        require_fitting_size(images, self._depth)
        maps = self.down[0](images.contiguous(memory_format=torch.channels_last))
        skips = []
        for block in self.down[1:]:
            skips.append(maps)
            maps = block(functional.max_pool2d(maps, 2))
        for narrow, block, skip in zip(reversed(self.narrow), reversed(self.up), reversed(skips), strict=True):
            # A 1x1 convolution commutes with bilinear upsampling: narrowed first, a quarter of the work.
            maps = functional.interpolate(narrow(maps), scale_factor=2, mode="bilinear", align_corners=False)
            maps = block(torch.cat([maps, skip], dim=1))
        return self.readout(maps)  # type: ignore[no-any-return]


def _block(inputs: int, outputs: int, spec: UNetSpec) -> nn.Sequential:
    layers: list[nn.Module] = []
    for index in range(spec.convs_per_block):
        size = spec.kernel_size
        layers.append(nn.Conv2d(outputs if index else inputs, outputs, size, padding=size // 2))
        if spec.norm == "batch":
            layers += [nn.Identity(), RectifiedBatchNorm(outputs)]  # parameters are named by place
        else:
            layers.append(nn.ReLU(inplace=True))
        if spec.norm == "instance":
            layers.append(InstanceNorm(outputs, eps=1e-5, initial_weight=1.0))
    return nn.Sequential(*layers)
