"""The sum of maps that are upsampled to one size, as a single function with its own gradient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable
from torch.nn import functional

from gridctl_trainer.models.kernels.switch import Kernel, chosen


def sum_upsampled(sources: list[Tensor]) -> Tensor:
    """Upsample maps of several sizes to one size, bilinearly and without aligned corners, and add them up.

    On a CPU this is one function. Otherwise, the library's gradient of each source would copy the same incoming
    gradient into the format that it needs, and autograd would keep a sum for each.

    Args:
        sources: Maps of one dtype, (B, C, H / 2^n, W / 2^n) for n = 1, 2, ...

    Returns:
        (B, C, H, W).
    """
    if not chosen(Kernel.SUMMED_UPSAMPLING, sources[0]):
        return _sum(sources)
    result: Tensor = _SumUpsampled.apply(*sources)  # type: ignore[no-untyped-call]
    return result


def _upsample(maps: Tensor, doublings: int) -> Tensor:
    return functional.interpolate(maps, scale_factor=2**doublings, mode="bilinear", align_corners=False)


def _sum(sources: Sequence[Tensor]) -> Tensor:
    total = _upsample(sources[0], 1)
    for n, maps in enumerate(sources[1:], start=2):
        total = total + _upsample(maps, n)
    return total


def _weights(sizes: list[int], to: int, like: Tensor) -> list[Tensor]:
    """For each size, the weights (size, to) of its pixels in a line that is upsampled to `to` px."""
    lines = (torch.eye(size, dtype=like.dtype, device=like.device) for size in sizes)
    return [functional.interpolate(line[None], to, mode="linear", align_corners=False)[0] for line in lines]


class _SumUpsampled(Function):
    @staticmethod
    def forward(ctx: Any, *sources: Tensor) -> Tensor:
        ctx.shapes = [maps.shape for maps in sources]
        return _sum(sources)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, ...]:
        (batch, channels, height, width), found = grad.shape, []
        heights, widths = ([shape[axis] for shape in ctx.shapes] for axis in (2, 3))
        lines = grad.contiguous(memory_format=torch.channels_last).permute(0, 2, 3, 1).flatten(2)
        down = torch.cat(_weights(heights, height, grad))
        rows = torch.bmm(down.expand(batch, -1, -1), lines).view(batch, -1, width, channels)
        parts = torch.split(rows, heights, dim=1)
        for part, across in zip(parts, _weights(widths, width, grad), strict=True):
            found.append(torch.matmul(across, part).permute(0, 3, 1, 2))
        return tuple(found)
