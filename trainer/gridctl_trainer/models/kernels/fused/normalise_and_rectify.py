"""An instance norm followed by a ReLU."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from gridctl_trainer.models.kernels.fused.rows import (
    Context,
    alike,
    maps_of,
    normalise,
    normalise_backward,
    rows_of,
)


def normalise_and_rectify(maps: Tensor, eps: float) -> Tensor:
    """relu(IN(maps)).

    Args:
        maps: (B, C, H, W).
        eps: Epsilon of the instance norm.

    Returns:
        (B, C, H, W).
    """
    result: Tensor = _NormaliseAndRectify.apply(*alike(maps), eps)  # type: ignore[no-untyped-call]
    return result


class _NormaliseAndRectify(Function):
    @staticmethod
    def forward(ctx: Context, maps: Tensor, eps: float) -> Tensor:
        rows = rows_of(maps)
        scratch = torch.empty_like(rows)
        normed, scale = normalise(rows, eps, scratch)
        ctx.save_for_backward(normed, scale)
        ctx.like = maps
        return maps_of(torch.clamp_min(normed, 0, out=scratch), maps)

    @staticmethod
    @once_differentiable
    def backward(ctx: Context, grad_output: Tensor) -> tuple[Tensor | None, ...]:
        normed, scale = ctx.saved_tensors
        grad = rows_of(grad_output.contiguous(memory_format=torch.channels_last))
        grad = torch.ops.aten.threshold_backward(grad, normed, 0)
        return maps_of(normalise_backward(grad, normed, scale, torch.empty_like(grad)), ctx.like), None
