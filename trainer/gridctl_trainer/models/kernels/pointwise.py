"""1x1 convolutions as matrix products."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from gridctl_trainer.models.kernels.switch import Kernel, chosen


def convolve_pointwise(maps: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """A 1x1 convolution.

    On a CPU it is computed as a linear layer over pixels, which needs no copy of channels-last maps. The library's
    convolution copies them, and its gradient takes twice as long.

    Args:
        maps: (B, I, H, W).
        weight: (O, I, 1, 1).
        bias: (O,); None for no bias.

    Returns:
        (B, O, H, W), channels last on a CPU.
    """
    if not chosen(Kernel.POINTWISE_PRODUCTS, maps):
        return functional.conv2d(maps, weight, bias)
    pixels = maps.contiguous(memory_format=torch.channels_last).permute(0, 2, 3, 1)
    return functional.linear(pixels, weight.flatten(1), bias).permute(0, 3, 1, 2)
