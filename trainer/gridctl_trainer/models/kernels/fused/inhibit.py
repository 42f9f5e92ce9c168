"""The first stage of an fGRU, inhibition."""

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
    sum_over_pixels,
    where_positive,
)


def inhibit(
    drive: Tensor, hidden: Tensor, convolved: Tensor, alpha: Tensor, mu: Tensor, eps: float | None, *, rectified: bool
) -> Tensor:
    """Compute relu(x - r(IN(c) (alpha h + mu))).

    Args:
        drive: x, (B, C, H, W).
        hidden: h, (B, C, H, W).
        convolved: c, the horizontal convolution, (B, C, H, W).
        alpha: (1, C, 1, 1).
        mu: (1, C, 1, 1).
        eps: Epsilon of the instance norm; None for no norm.
        rectified: Whether r is a ReLU; otherwise it is the identity.

    Returns:
        (B, C, H, W).
    """
    maps = alike(drive, hidden, convolved)
    result: Tensor = _Inhibit.apply(*maps, alpha.flatten(), mu.flatten(), eps, rectified)  # type: ignore[no-untyped-call]
    return result


class _Inhibit(Function):
    @staticmethod
    def forward(
        ctx: Context,
        drive: Tensor,
        hidden: Tensor,
        convolved: Tensor,
        alpha: Tensor,
        mu: Tensor,
        eps: float | None,
        rectified: bool,
    ) -> Tensor:
        h = rows_of(hidden)
        out = torch.empty_like(h)
        normed, scale = normalise(rows_of(convolved), eps, out)
        torch.addcmul(mu, h, alpha, out=out).mul_(normed)
        if rectified:
            out.relu_()
        torch.sub(rows_of(drive), out, out=out).relu_()
        ctx.save_for_backward(h, normed, scale, alpha, mu, out)
        ctx.rectified, ctx.like = rectified, drive
        return maps_of(out, drive)

    @staticmethod
    @once_differentiable
    def backward(ctx: Context, grad_output: Tensor) -> tuple[Tensor | None, ...]:
        h, normed, scale, alpha, mu, out = ctx.saved_tensors
        grad = rows_of(grad_output.contiguous(memory_format=torch.channels_last))
        grad_drive = torch.ops.aten.threshold_backward(grad, out, 0)
        # From here on, all gradients lack their minus sign.
        factor = torch.addcmul(mu, h, alpha)
        scratch = torch.empty_like(h)
        through = grad_drive
        if ctx.rectified:
            through = where_positive(grad_drive, torch.mul(factor, normed, out=scratch), torch.empty_like(h))
        grad_normed = factor.mul_(through)
        grad_factor = torch.mul(through, normed, out=through if ctx.rectified else torch.empty_like(h))
        grad_mu = sum_over_pixels(grad_factor).neg_()
        grad_alpha = sum_over_pixels(torch.mul(grad_factor, h, out=scratch)).neg_()
        grad_hidden = grad_factor.mul_(-alpha)
        if scale is None:
            grad_convolved = grad_normed.neg_()
        else:
            grad_convolved = normalise_backward(grad_normed, normed, -scale, scratch)
        like = ctx.like
        maps = (maps_of(grad_drive, like), maps_of(grad_hidden, like), maps_of(grad_convolved, like))
        return (*maps, grad_alpha, grad_mu, None, None)
