"""Instance norm without running statistics, for any memory format."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def instance_norm(maps: Tensor, eps: float) -> Tensor:
    """Give every channel of every image mean 0 and variance 1 over its pixels.

    The same function as `torch.nn.functional.instance_norm` without running statistics; that
    one copies channels-last maps to channels-first and back.

    Args:
        maps: (B, C, H, W), any floating dtype; statistics are taken in float32 or wider.
        eps: Added to the variance.

    Returns:
        (B, C, H, W) of the same dtype.
    """
    wide = maps.float() if maps.dtype in (torch.bfloat16, torch.float16) else maps
    variance, mean = torch.var_mean(wide, dim=(2, 3), correction=0, keepdim=True)
    return ((wide - mean) * torch.rsqrt(variance + eps)).to(maps.dtype)


class InstanceNorm(nn.Module):
    """Instance norm with an optional learned weight and bias for each channel."""

    def __init__(self, channels: int, eps: float, initial_weight: float | None = None) -> None:
        """Learn a weight and a bias if `initial_weight` is given; the bias starts at 0."""
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
