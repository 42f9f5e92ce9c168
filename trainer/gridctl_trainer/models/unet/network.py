"""The network of the lightweight U-Net."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from gridctl_trainer.models.image_size import require_fitting_size
from gridctl_trainer.models.kernels.batch_norm import RectifiedBatchNorm
from gridctl_trainer.models.kernels.instance_norm import InstanceNorm
from gridctl_trainer.models.unet.options import UNetOptions


class UNet(nn.Module):
    """A U-Net with few channels.

    Source: Li (2020) tables A.1 and A.2, after Uys (2019). The tables print three convolutions per block and a pooling
    stride of 1, but the author ran two and a stride of 2, as here. Bilinear upsampling and a 1x1 convolution replace
    the transposed convolution of Ronneberger et al. (2015).
    """

    def __init__(self, options: UNetOptions, in_channels: int = 1, classes: int = 1) -> None:
        """Initialise the weights with torch's defaults.

        Args:
            options: The network's options.
            in_channels: Channels of the images.
            classes: K, the channels of the logits.
        """
        super().__init__()
        self._depth = options.depth
        inputs = (in_channels, *options.channels[:-1])
        self.down = nn.ModuleList(_block(i, o, options) for i, o in zip(inputs, options.channels, strict=True))
        self.narrow = nn.ModuleList(nn.Conv2d(below, here, 1) for here, below in pairwise(options.channels))
        self.up = nn.ModuleList(_block(2 * here, here, options) for here in options.channels[:-1])
        self.readout = nn.Conv2d(options.channels[0], classes, 1)

    def forward(self, images: Tensor) -> Tensor:
        """Segment images.

        Args:
            images: (B, C, H, W), with values in [0, 1] after min-max scaling. H and W are multiples of 2^(depth-1).

        Returns:
            Logits, (B, K, H, W).

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
            # A 1x1 convolution commutes with bilinear upsampling. Doing it first takes a quarter of the work.
            maps = functional.interpolate(narrow(maps), scale_factor=2, mode="bilinear", align_corners=False)
            maps = block(torch.cat([maps, skip], dim=1))
        return self.readout(maps)  # type: ignore[no-any-return]


def _block(inputs: int, outputs: int, options: UNetOptions) -> nn.Sequential:
    layers: list[nn.Module] = []
    for index in range(options.convs_per_block):
        size = options.kernel_size
        layers.append(nn.Conv2d(outputs if index else inputs, outputs, size, padding=size // 2))
        if options.norm == "batch":
            layers += [nn.Identity(), RectifiedBatchNorm(outputs)]  # Identity, since the index names the parameters
        else:
            layers.append(nn.ReLU(inplace=True))
        if options.norm == "instance":
            layers.append(InstanceNorm(outputs, eps=1e-5, initial_weight=1.0))
    return nn.Sequential(*layers)
