"""A batch norm that is fast on a CPU for any number of channels."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.autograd.function import once_differentiable
from torch.nn import functional

from gridctl_trainer.models.kernels.switch import Kernel, chosen

LANES = 16
"""The library's kernels for channels-last maps are slow if the number of channels is not a multiple of this."""

NUMBERS_TOGETHER = 128
"""How many numbers are treated together here. From 32 on, all kernels are about equally fast."""


class RectifiedBatchNorm(nn.BatchNorm2d):
    """A ReLU followed by `torch.nn.BatchNorm2d`, with the same parameters and statistics.

    On a CPU, the library normalises channels-last maps pixel by pixel. With 8 channels, as in the finest maps of the
    light U-Net, this takes five times as long per number as with 16. Here, enough pixels are taken together to make a
    multiple of 128 numbers, and each number is treated as a channel. Their statistics are then joined, which is exact
    because each covers equally many numbers.
    """

    def forward(self, maps: Tensor) -> Tensor:
        """Rectify and normalise maps.

        Args:
            maps: (B, C, H, W). They are overwritten, so they must be the output of an operation that does not need it
                for its gradient, such as a convolution.

        Returns:
            (B, C, H, W).
        """
        pixels = _pixels_together(maps, self.weight)
        if pixels == 1 or not self.training:
            maps = functional.relu(maps, inplace=True)
        if pixels == 1:
            normed: Tensor = super().forward(maps)
            return normed
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        assert self.momentum is not None
        if not self.training:
            statistics = (self.running_mean.repeat(pixels), self.running_var.repeat(pixels))
            affine = (self.weight.repeat(pixels), self.bias.repeat(pixels))
            wide = functional.batch_norm(_as_maps(_rows(maps, pixels)), *statistics, *affine, eps=self.eps)
            return _narrow(wide.permute(0, 2, 3, 1), maps)
        with torch.no_grad():
            maps.relu_()  # its gradient is part of the function below
        found: tuple[Tensor, Tensor, Tensor] = _RectifiedBatchNorm.apply(maps, self.weight, self.bias, self.eps, pixels)  # type: ignore[no-untyped-call]
        normed, mean, variance = found
        with torch.no_grad():
            count = maps.numel() // maps.shape[1]
            self.num_batches_tracked.add_(1)
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * (count / (count - 1)), self.momentum)
        return normed


def _pixels_together(maps: Tensor, weight: Tensor) -> int:
    """How many pixels are treated as one; 1 if the library computes the norm."""
    channels = maps.shape[1]
    if not chosen(Kernel.WIDE_BATCH_NORM, maps) or maps.dtype != weight.dtype or channels % LANES == 0:
        return 1
    if not maps.is_contiguous(memory_format=torch.channels_last):
        return 1
    pixels = NUMBERS_TOGETHER // math.gcd(channels, NUMBERS_TOGETHER)
    return 1 if (maps.numel() // channels) % pixels else pixels


def _rows(maps: Tensor, pixels: int) -> Tensor:
    """Channels-last (B, C, H, W) maps as (B * H * W / pixels, pixels * C), without a copy."""
    return maps.permute(0, 2, 3, 1).reshape(-1, pixels * maps.shape[1])


def _as_maps(rows: Tensor) -> Tensor:
    """Rows as the maps of one image, (1, pixels * C, 1, rows), channels last, which the library needs."""
    return rows[None, None].permute(0, 3, 1, 2)


def _narrow(rows: Tensor, like: Tensor) -> Tensor:
    """The inverse of `_rows`."""
    batch, channels, height, width = like.shape
    return rows.view(batch, height, width, channels).permute(0, 3, 1, 2)


class _RectifiedBatchNorm(Function):
    @staticmethod
    def forward(
        ctx: Any, maps: Tensor, weight: Tensor, bias: Tensor, eps: float, pixels: int
    ) -> tuple[Tensor, Tensor, Tensor]:
        rows = _rows(maps, pixels)
        statistics = torch.batch_norm_update_stats(_as_maps(rows), None, None, 0.0)
        means, variances = (each.view(pixels, -1) for each in statistics)
        mean = means.mean(0)
        variance = variances.mean(0) + (means - mean).square().mean(0)
        scale = (variance + eps).rsqrt()
        factor = weight * scale
        normed = torch.addcmul((bias - mean * factor).repeat(pixels), rows, factor.repeat(pixels))
        ctx.save_for_backward(maps, weight, mean, scale)
        ctx.pixels = pixels
        ctx.mark_non_differentiable(mean, variance)
        return _narrow(normed, maps), mean, variance

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor, *_: Tensor) -> tuple[Tensor | None, ...]:
        maps, weight, mean, scale = ctx.saved_tensors
        pixels, count = ctx.pixels, maps.numel() // maps.shape[1]
        rows, flat = _rows(maps, pixels), _rows(grad.contiguous(memory_format=torch.channels_last), pixels)
        found = flat * rows
        grad_bias = flat.sum(0).view(pixels, -1).sum(0)
        grad_weight = (found.sum(0).view(pixels, -1).sum(0) - mean * grad_bias) * scale
        # d maps = weight scale (grad - mean(grad) - normed mean(grad normed)), a sum of grad, maps and a constant
        factor = weight * scale
        of_maps = -factor * scale * grad_weight / count
        constant = -factor * grad_bias / count - of_maps * mean
        torch.addcmul(constant.repeat(pixels), flat, factor.repeat(pixels), out=found)
        found.addcmul_(rows, of_maps.repeat(pixels))
        torch.ops.aten.threshold_backward.grad_input(found, rows, 0, grad_input=found)
        return _narrow(found, maps), grad_weight, grad_bias, None, None
