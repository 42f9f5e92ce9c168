"""Maps as rows of pixels, and the forward and backward steps that the chains consist of."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

Context = Any
"""A `FunctionCtx` with the attributes that the forward pass sets."""


def matrix_of(conv: nn.Conv2d, like: Tensor) -> tuple[Tensor, Tensor]:
    """The weight (O, I) and bias (O,) of a 1x1 convolution, in the dtype of `like`."""
    assert conv.bias is not None
    return conv.weight.flatten(1).to(like.dtype), conv.bias.to(like.dtype)


def alike(*maps: Tensor) -> tuple[Tensor, ...]:
    """Convert maps to channels last and one dtype, at least float32: under autocast, convolutions return bfloat16."""
    dtype = torch.float32
    for item in maps:
        dtype = torch.promote_types(dtype, item.dtype)
    return tuple(item.to(dtype).contiguous(memory_format=torch.channels_last) for item in maps)


def rows_of(maps: Tensor) -> Tensor:
    """View channels-last (B, C, H, W) maps as (B, H * W, C), without a copy."""
    return maps.permute(0, 2, 3, 1).flatten(1, 2)


def maps_of(rows: Tensor, like: Tensor) -> Tensor:
    """The inverse of `rows_of`."""
    batch, _, height, width = like.shape
    return rows.view(batch, height, width, -1).permute(0, 3, 1, 2)


def normalise(rows: Tensor, eps: float | None, scratch: Tensor) -> tuple[Tensor, Tensor | None]:
    """Apply the instance norm to rows.

    Args:
        rows: (B, H * W, C).
        eps: Added to the variance; None for no norm.
        scratch: Memory of the same shape, overwritten.

    Returns:
        The normalised rows, and 1 / sqrt(variance + eps), (B, 1, C); None for the latter if there is no norm.
    """
    if eps is None:
        return rows, None
    normed = rows - rows.mean(1, keepdim=True)
    scale = torch.mul(normed, normed, out=scratch).mean(1, keepdim=True).add_(eps).rsqrt_()
    return normed.mul_(scale), scale


def normalise_backward(grad: Tensor, normed: Tensor, scale: Tensor | None, scratch: Tensor) -> Tensor:
    """The gradient through `normalise`, times the sign of `scale`. It overwrites `grad`, and also uses `scratch`."""
    if scale is None:
        return grad
    along = torch.mul(grad, normed, out=scratch).mean(1, keepdim=True)
    mean = grad.mean(1, keepdim=True)
    torch.addcmul(mean.mul_(scale).neg_(), grad, scale, out=grad)
    return grad.addcmul_(normed, along.mul_(scale), value=-1)


def convolve_pointwise(rows: Tensor, matrix: Tensor, offset: Tensor) -> Tensor:
    """A 1x1 convolution of (B, P, I) with (O, I) and (O,), which keeps the dtype of the rows, also under autocast."""
    return torch.addmm(offset, rows.flatten(0, 1), matrix.T).to(rows.dtype).view(*rows.shape[:2], -1)


def convolve_pointwise_backward(grad: Tensor, rows: Tensor, matrix: Tensor, total: Tensor) -> tuple[Tensor, Tensor]:
    """The gradients of `convolve_pointwise` by matrix and offset.

    The gradient by the rows is added to `total` in place, which saves autograd a pass over memory.
    """
    flat = grad.flatten(0, 1)
    rows_total = total.flatten(0, 1)
    torch.addmm(rows_total, flat, matrix, out=rows_total)  # unlike addmm_, counters of operations know this one
    return torch.mm(flat.T, rows.flatten(0, 1)), sum_over_pixels(grad)


def where_positive(grad: Tensor, rows: Tensor, out: Tensor) -> Tensor:
    """The gradient through a ReLU of rows, written to `out`."""
    found: Tensor = torch.ops.aten.threshold_backward.grad_input(grad, rows, 0, grad_input=out)
    return found


def sum_over_pixels(rows: Tensor) -> Tensor:
    """The sum of rows over images and pixels, (C,)."""
    return rows.sum((0, 1))
