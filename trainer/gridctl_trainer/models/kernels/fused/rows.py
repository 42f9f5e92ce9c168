"""Maps as rows of pixels, and the steps that the chains are made of, forwards and backwards."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

Context = Any
"""A `FunctionCtx` with what the forward pass puts on it."""


def matrix_of(conv: nn.Conv2d, like: Tensor) -> tuple[Tensor, Tensor]:
    """A 1x1 convolution as (O, I) and (O,)."""
    assert conv.bias is not None
    return conv.weight.flatten(1).to(like.dtype), conv.bias.to(like.dtype)


def alike(*maps: Tensor) -> tuple[Tensor, ...]:
    """Channels last and of one dtype, float32 at least: under autocast convolutions give bfloat16."""
    dtype = torch.float32
    for item in maps:
        dtype = torch.promote_types(dtype, item.dtype)
    return tuple(item.to(dtype).contiguous(memory_format=torch.channels_last) for item in maps)


def rows_of(maps: Tensor) -> Tensor:
    """(B, C, H, W), channels last, as (B, H * W, C) without a copy."""
    return maps.permute(0, 2, 3, 1).flatten(1, 2)


def maps_of(rows: Tensor, like: Tensor) -> Tensor:
    """The inverse of `rows_of`."""
    batch, _, height, width = like.shape
    return rows.view(batch, height, width, -1).permute(0, 3, 1, 2)


def normalise(rows: Tensor, eps: float | None, scratch: Tensor) -> tuple[Tensor, Tensor | None]:
    """Instance norm of rows: the normed rows, and 1 / sqrt(variance + eps), (B, 1, C)."""
    if eps is None:
        return rows, None
    normed = rows - rows.mean(1, keepdim=True)
    scale = torch.mul(normed, normed, out=scratch).mean(1, keepdim=True).add_(eps).rsqrt_()
    return normed.mul_(scale), scale


def normalise_backward(grad: Tensor, normed: Tensor, scale: Tensor | None, scratch: Tensor) -> Tensor:
    """The gradient through `normalise`, times the sign of the scale; `grad` is overwritten with it."""
    if scale is None:
        return grad
    along = torch.mul(grad, normed, out=scratch).mean(1, keepdim=True)
    mean = grad.mean(1, keepdim=True)
    torch.addcmul(mean.mul_(scale).neg_(), grad, scale, out=grad)
    return grad.addcmul_(normed, along.mul_(scale), value=-1)


def convolve_pointwise(rows: Tensor, matrix: Tensor, offset: Tensor) -> Tensor:
    """A 1x1 convolution of (B, P, I) by (O, I) and (O,), in the type of the rows also under autocast."""
    return torch.addmm(offset, rows.flatten(0, 1), matrix.T).to(rows.dtype).view(*rows.shape[:2], -1)


def convolve_pointwise_backward(grad: Tensor, rows: Tensor, matrix: Tensor, total: Tensor) -> tuple[Tensor, Tensor]:
    """Gradients by matrix and offset; that by the rows is added to `total`, which autograd would read once more."""
    flat = grad.flatten(0, 1)
    rows_total = total.flatten(0, 1)
    torch.addmm(rows_total, flat, matrix, out=rows_total)  # which counters of operations know, unlike addmm_
    return torch.mm(flat.T, rows.flatten(0, 1)), sum_over_pixels(grad)


def where_positive(grad: Tensor, rows: Tensor, out: Tensor) -> Tensor:
    """The gradient through a ReLU of rows."""
    found: Tensor = torch.ops.aten.threshold_backward.grad_input(grad, rows, 0, grad_input=out)
    return found


def sum_over_pixels(rows: Tensor) -> Tensor:
    """Over images and pixels, (C,)."""
    return rows.sum((0, 1))
