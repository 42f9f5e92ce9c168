"""Convolutions with a single output channel, for which CPU libraries have no fast kernel."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.autograd.function import once_differentiable
from torch.nn import functional

from gridctl_trainer.models.kernels.switch import Kernel, chosen


def convolve_to_one_channel(maps: Tensor, conv: nn.Conv2d, *, by_taps: bool | None = None) -> Tensor:
    """Compute `conv(maps)` for a square odd kernel, zero padding k // 2 and one output channel.

    Args:
        maps: (B, C, H, W).
        conv: A convolution with weight (1, C, k, k), and bias (1,) or none.
        by_taps: Whether to multiply pixels and taps in one matrix product, and then shift and add up the k x k maps. On
            a CPU, forward and backward pass then take 0.6 of the time. None to choose by device.

    Returns:
        (B, 1, H, W).
    """
    size = conv.kernel_size[0]
    if by_taps is None:
        by_taps = chosen(Kernel.SINGLE_CHANNEL_TAPS, maps) and size > 1 and not torch.is_autocast_enabled("cpu")
    if not by_taps:
        return conv(maps)  # type: ignore[no-any-return]
    taps = conv.weight.flip(2, 3).flatten(2)[0].T
    added: Tensor = _Taps.apply(maps.contiguous(memory_format=torch.channels_last), taps, size)  # type: ignore[no-untyped-call]
    return added if conv.bias is None else added + conv.bias


class _Taps(Function):
    """Treats pixels as rows, (B, H * W, C), as they lie in memory, so that no map is copied for a product."""

    @staticmethod
    def forward(ctx: Any, maps: Tensor, taps: Tensor, size: int) -> Tensor:
        batch, channels, height, width = maps.shape
        rows = maps.permute(0, 2, 3, 1).reshape(batch, height * width, channels)
        ctx.save_for_backward(rows, taps)
        ctx.size, ctx.shape = size, (batch, height, width, channels)
        products = torch.bmm(taps.expand(batch, -1, -1), rows.transpose(1, 2)).view(batch, size, size, height, width)
        lines = _add_shifted(products.unbind(2), dim=3)
        return _add_shifted(lines.unbind(1), dim=1)[:, None]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, None]:
        rows, taps = ctx.saved_tensors
        shifted = _shifted(grad[:, 0], ctx.size)
        grad_rows = torch.bmm(shifted.transpose(1, 2), taps.expand(len(rows), -1, -1))
        grad_taps = torch.bmm(shifted, rows).sum(0)
        return grad_rows.view(ctx.shape).permute(0, 3, 1, 2), grad_taps, None


def _add_shifted(maps: tuple[Tensor, ...], dim: int) -> Tensor:
    """Add up k maps, the n-th of which is shifted by n - k // 2 along `dim` and filled up with zeros."""
    middle, length = len(maps) // 2, maps[0].shape[dim]
    total = maps[middle].clone()
    for index, one in enumerate(maps):
        by = index - middle
        if by and abs(by) < length:
            kept = length - abs(by)
            total.narrow(dim, max(by, 0), kept).add_(one.narrow(dim, max(-by, 0), kept))
    return total


def _shifted(grad: Tensor, size: int) -> Tensor:
    """Shift (B, H, W) maps by each tap, (B, k * k, H * W): the adjoint of shifting and adding up."""
    batch, height, width = grad.shape
    padded = functional.pad(grad, (size // 2,) * 4)
    image, line, pixel = padded.stride()
    taps = padded.as_strided((batch, size, size, height, width), (image, line, pixel, line, pixel))
    return taps.reshape(batch, size * size, height * width)
