"""The second stage of an fGRU, excitation."""

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
    normalise,
    normalise_backward,
    rows_of,
    sum_over_pixels,
)


def excite(
    inhibited: Tensor,
    hidden: Tensor | None,
    convolved: Tensor,
    gate: nn.Conv2d,
    kappa: Tensor,
    gamma: Tensor,
    omega: Tensor,
    eps: float | None,
) -> Tensor:
    """Compute h + sigmoid(IN(gate * e)) (relu(kappa e + gamma w + omega e w) - h), with w = IN(convolved).

    Args:
        inhibited: e, (B, C, H, W).
        hidden: h, (B, C, H, W); None for zeros.
        convolved: The horizontal convolution of e, (B, C, H, W).
        gate: U2 and b2, a 1x1 convolution.
        kappa: (1, C, 1, 1).
        gamma: (1, C, 1, 1).
        omega: (1, C, 1, 1).
        eps: Epsilon of both instance norms; None for no norm.

    Returns:
        h', (B, C, H, W).
    """
    if hidden is None:
        inhibited, convolved = alike(inhibited, convolved)
    else:
        inhibited, hidden, convolved = alike(inhibited, hidden, convolved)
    parameters = (*matrix_of(gate, inhibited), kappa.flatten(), gamma.flatten(), omega.flatten())
    result: Tensor = _Excite.apply(inhibited, hidden, convolved, *parameters, eps)  # type: ignore[no-untyped-call]
    return result


class _Excite(Function):
    @staticmethod
    def forward(
        ctx: Context,
        inhibited: Tensor,
        hidden: Tensor | None,
        convolved: Tensor,
        matrix: Tensor,
        offset: Tensor,
        kappa: Tensor,
        gamma: Tensor,
        omega: Tensor,
        eps: float | None,
    ) -> Tensor:
        e, h = rows_of(inhibited), None if hidden is None else rows_of(hidden)
        scratch = torch.empty_like(e)
        w, w_scale = normalise(rows_of(convolved), eps, scratch)
        opened, gate_scale = normalise(convolve_pointwise(e, matrix, offset), eps, scratch)
        out = torch.addcmul(gamma, e, omega).mul_(w).addcmul_(e, kappa).relu_()
        g = torch.sigmoid(opened, out=scratch)
        if h is None:
            out.mul_(g)
        else:
            torch.lerp(h, out, g, out=out)
        ctx.save_for_backward(e, h, w, w_scale, opened, gate_scale, matrix, kappa, gamma, omega)
        ctx.like = inhibited
        return maps_of(out, inhibited)

    @staticmethod
    @once_differentiable
    def backward(ctx: Context, grad_output: Tensor) -> tuple[Tensor | None, ...]:
        e, h, w, w_scale, opened, gate_scale, matrix, kappa, gamma, omega = ctx.saved_tensors
        grad = rows_of(grad_output.contiguous(memory_format=torch.channels_last))
        g = opened.sigmoid()
        factor = torch.addcmul(gamma, e, omega)
        candidate = (factor * w).addcmul_(e, kappa).relu_()
        through = grad * g
        grad_hidden = None if h is None else grad - through
        grad_candidate = torch.ops.aten.threshold_backward(through, candidate, 0)
        # d sigmoid = g (1 - g)
        change = candidate if h is None else candidate.sub_(h)
        grad_gate = change.mul_(through).addcmul_(change, g, value=-1)
        scratch = through
        grad_gate = normalise_backward(grad_gate, opened, gate_scale, scratch)
        product = torch.mul(grad_candidate, e, out=g)
        grad_kappa = sum_over_pixels(product)
        grad_omega = sum_over_pixels(product.mul_(w))
        grad_gamma = sum_over_pixels(torch.mul(grad_candidate, w, out=product))
        grad_inhibited = torch.addcmul(kappa, w, omega, out=product).mul_(grad_candidate)
        grad_convolved = normalise_backward(factor.mul_(grad_candidate), w, w_scale, scratch)
        grad_matrix, grad_offset = convolve_pointwise_backward(grad_gate, e, matrix, grad_inhibited)
        like = ctx.like
        return (
            maps_of(grad_inhibited, like),
            None if grad_hidden is None else maps_of(grad_hidden, like),
            maps_of(grad_convolved, like),
            grad_matrix,
            grad_offset,
            grad_kappa,
            grad_gamma,
            grad_omega,
            None,
        )
