"""GALA's gate, applied to a hidden state."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from gridctl_trainer.models.kernels.fused.rows import (
    Context,
    alike,
    convolve_pointwise,
    convolve_pointwise_backward,
    maps_of,
    matrix_of,
    normalise_backward,
    rows_of,
    sum_over_pixels,
    where_positive,
)
from gridctl_trainer.models.kernels.instance_norm import InstanceNorm


def attend(hidden: Tensor, local: Tensor, across: nn.Conv2d, norm: InstanceNorm) -> Tensor:
    """Apply GALA's gate: h . local . (IN(relu(across * h)) weight + bias).

    Args:
        hidden: h, (B, C, H, W).
        local: The local map after its norm, (B, 1, H, W).
        across: The 1x1 convolution of the channel path.
        norm: The affine instance norm of the channel path.

    Returns:
        (B, C, H, W).
    """
    maps = alike(hidden, local)
    affine = (norm.weight, norm.bias, norm.eps)
    result: Tensor = _Attend.apply(*maps, *matrix_of(across, maps[0]), *affine)  # type: ignore[no-untyped-call]
    return result


class _Attend(Function):
    @staticmethod
    def forward(
        ctx: Context,
        hidden: Tensor,
        local: Tensor,
        matrix: Tensor,
        offset: Tensor,
        weight: Tensor,
        bias: Tensor,
        eps: float,
    ) -> Tensor:
        h, where = rows_of(hidden), rows_of(local)
        rectified = convolve_pointwise(h, matrix, offset).relu_()
        mean = rectified.mean(1, keepdim=True)
        what = rectified - mean
        scale = what.square().mean(1, keepdim=True).add_(eps).rsqrt_()
        torch.addcmul(bias, what, scale * weight, out=what)
        ctx.save_for_backward(h, where, rectified, mean, scale, matrix, weight, bias)
        ctx.like = hidden
        return maps_of(what.mul_(where).mul_(h), hidden)

    @staticmethod
    @once_differentiable
    def backward(ctx: Context, grad_output: Tensor) -> tuple[Tensor | None, ...]:
        h, where, rectified, mean, scale, matrix, weight, bias = ctx.saved_tensors
        grad = rows_of(grad_output.contiguous(memory_format=torch.channels_last))
        normed = (rectified - mean).mul_(scale)
        what = torch.addcmul(bias, normed, weight)
        grad_h = grad * what
        scratch = grad_h * h
        grad_where = scratch.sum(2, keepdim=True)
        grad_h.mul_(where)
        grad_what = torch.mul(grad, h, out=what).mul_(where)
        grad_bias = sum_over_pixels(grad_what)
        grad_weight = sum_over_pixels(torch.mul(grad_what, normed, out=scratch))
        grad_across = normalise_backward(grad_what.mul_(weight), normed, scale, scratch)
        where_positive(grad_across, rectified, grad_across)
        grad_matrix, grad_offset = convolve_pointwise_backward(grad_across, h, matrix, grad_h)
        like = ctx.like
        return maps_of(grad_h, like), maps_of(grad_where, like), grad_matrix, grad_offset, grad_weight, grad_bias, None
