"""Instance norm without running statistics, for any memory format."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from gridctl_trainer.models.kernels.switch import Kernel, chosen


def instance_norm(maps: Tensor, eps: float) -> Tensor:
    """Give every channel of every image mean 0 and variance 1 over its pixels.

    This computes the same as `torch.nn.functional.instance_norm` without running statistics, which copies channels-last
    maps to channels-first and back. A batch norm of one image keeps the format, and needs one kernel for the forward
    and one for the backward pass.

    Args:
        maps: (B, C, H, W) with more than one pixel, any floating dtype.
        eps: Added to the variance.

    Returns:
        (B, C, H, W) of the same dtype.
    """
    if not chosen(Kernel.INSTANCE_NORM_BY_IMAGE, maps):
        return functional.instance_norm(maps, eps=eps)
    normed = [functional.batch_norm(image, None, None, training=True, eps=eps) for image in torch.split(maps, 1)]
    return normed[0] if len(normed) == 1 else torch.cat(normed)


class InstanceNorm(nn.Module):
    """Instance norm with an optional learned weight and bias for each channel."""

    def __init__(self, channels: int, eps: float, initial_weight: float | None = None) -> None:
        """Create the norm.

        Args:
            channels: C, the number of channels.
            eps: Added to the variance.
            initial_weight: Initial value of the learned weights, whose biases start at 0; None to learn neither.
        """
        super().__init__()
        self.eps = eps
        self.weight: nn.Parameter | None = None
        self.bias: nn.Parameter | None = None
        if initial_weight is not None:
            self.weight = nn.Parameter(torch.full((channels,), initial_weight))
            self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, maps: Tensor) -> Tensor:
        """Normalise (B, C, H, W) maps."""
        normed = instance_norm(maps, self.eps)
        if self.weight is None or self.bias is None:
            return normed
        return normed * self.weight[:, None, None] + self.bias[:, None, None]
