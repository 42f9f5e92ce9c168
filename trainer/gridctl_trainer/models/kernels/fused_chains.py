"""The elementwise chains of γ-Net as single functions with hand-written gradients.

Autograd would keep every intermediate of these chains and pass over memory for each of them
twice. Here each chain keeps one map a norm, works in place, and recomputes the rest: less
than half of the passes, two thirds of the memory, the same numbers.

All maps are (B, C, H, W), channels last; inside they are rows of pixels, (B, H * W, C).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from gridctl_trainer.models.kernels.instance_norm import InstanceNorm

Context = Any
"""A `FunctionCtx` with what the forward pass puts on it."""


def normalise_and_rectify(maps: Tensor, eps: float) -> Tensor:
    """relu(IN(maps)).

    Args:
        maps: (B, C, H, W).
        eps: Of the instance norm.

    Returns:
        (B, C, H, W).
    """
    result: Tensor = _NormaliseAndRectify.apply(*_alike(maps), eps)  # type: ignore[no-untyped-call]
    return result


def attend(hidden: Tensor, local: Tensor, across: nn.Conv2d, norm: InstanceNorm) -> Tensor:
    """GALA's gate applied: h . local . (IN(relu(across * h)) weight + bias).

    Args:
        hidden: h, (B, C, H, W).
        local: The local map after its norm, (B, 1, H, W).
        across: The 1x1 convolution of the channel path.
        norm: The affine instance norm of that path.

    Returns:
        (B, C, H, W).
    """
    maps = _alike(hidden, local)
    affine = (norm.weight, norm.bias, norm.eps)
    result: Tensor = _Attend.apply(*maps, *_matrix(across, maps[0]), *affine)  # type: ignore[no-untyped-call]
    return result


def inhibit(
    drive: Tensor, hidden: Tensor, convolved: Tensor, alpha: Tensor, mu: Tensor, eps: float | None, *, rectified: bool
) -> Tensor:
    """The first stage of an fGRU: relu(x - r(IN(c) (alpha h + mu))).

    Args:
        drive: x, (B, C, H, W).
        hidden: h, (B, C, H, W).
        convolved: c, the horizontal convolution, (B, C, H, W).
        alpha: (1, C, 1, 1).
        mu: (1, C, 1, 1).
        eps: Of the instance norm; None for no norm.
        rectified: Whether r is a ReLU, or nothing.

    Returns:
        (B, C, H, W).
    """
    maps = _alike(drive, hidden, convolved)
    result: Tensor = _Inhibit.apply(*maps, alpha.flatten(), mu.flatten(), eps, rectified)  # type: ignore[no-untyped-call]
    return result


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
    """The second stage: h + sigmoid(IN(gate * e)) (relu(kappa e + gamma w + omega e w) - h), w = IN(convolved).

    Args:
        inhibited: e, (B, C, H, W).
        hidden: h, (B, C, H, W); None for zeros.
        convolved: The horizontal convolution of e, (B, C, H, W).
        gate: U2 and b2, a 1x1 convolution.
        kappa: (1, C, 1, 1).
        gamma: (1, C, 1, 1).
        omega: (1, C, 1, 1).
        eps: Of both instance norms; None for no norm.

    Returns:
        h', (B, C, H, W).
    """
    if hidden is None:
        inhibited, convolved = _alike(inhibited, convolved)
    else:
        inhibited, hidden, convolved = _alike(inhibited, hidden, convolved)
    parameters = (*_matrix(gate, inhibited), kappa.flatten(), gamma.flatten(), omega.flatten())
    result: Tensor = _Excite.apply(inhibited, hidden, convolved, *parameters, eps)  # type: ignore[no-untyped-call]
    return result


def _matrix(conv: nn.Conv2d, like: Tensor) -> tuple[Tensor, Tensor]:
    """A 1x1 convolution as (O, I) and (O,)."""
    assert conv.bias is not None
    return conv.weight.flatten(1).to(like.dtype), conv.bias.to(like.dtype)


def _alike(*maps: Tensor) -> tuple[Tensor, ...]:
    """Channels last and of one dtype, float32 at least: under autocast convolutions give bfloat16."""
    dtype = torch.float32
    for item in maps:
        dtype = torch.promote_types(dtype, item.dtype)
    return tuple(item.to(dtype).contiguous(memory_format=torch.channels_last) for item in maps)


def _rows(maps: Tensor) -> Tensor:
    """(B, C, H, W), channels last, as (B, H * W, C) without a copy."""
    return maps.permute(0, 2, 3, 1).flatten(1, 2)


def _maps(rows: Tensor, like: Tensor) -> Tensor:
    """The inverse of `_rows`."""
    batch, _, height, width = like.shape
    return rows.view(batch, height, width, -1).permute(0, 3, 1, 2)


def _normalise(rows: Tensor, eps: float | None, scratch: Tensor) -> tuple[Tensor, Tensor | None]:
    """Instance norm of rows: the normed rows, and 1 / sqrt(variance + eps), (B, 1, C)."""
    if eps is None:
        return rows, None
    normed = rows - rows.mean(1, keepdim=True)
    scale = torch.mul(normed, normed, out=scratch).mean(1, keepdim=True).add_(eps).rsqrt_()
    return normed.mul_(scale), scale


def _normalise_backward(grad: Tensor, normed: Tensor, scale: Tensor | None, scratch: Tensor) -> Tensor:
    """The gradient through `_normalise`, times the sign of the scale; `grad` is overwritten with it."""
    if scale is None:
        return grad
    along = torch.mul(grad, normed, out=scratch).mean(1, keepdim=True)
    mean = grad.mean(1, keepdim=True)
    torch.addcmul(mean.mul_(scale).neg_(), grad, scale, out=grad)
    return grad.addcmul_(normed, along.mul_(scale), value=-1)


def _convolve_pointwise(rows: Tensor, matrix: Tensor, offset: Tensor) -> Tensor:
    """A 1x1 convolution of (B, P, I) by (O, I) and (O,), in the type of the rows also under autocast."""
    return torch.addmm(offset, rows.flatten(0, 1), matrix.T).to(rows.dtype).view(*rows.shape[:2], -1)


def _convolve_pointwise_backward(grad: Tensor, rows: Tensor, matrix: Tensor, total: Tensor) -> tuple[Tensor, Tensor]:
    """Gradients by matrix and offset; that by the rows is added to `total`, which autograd would read once more."""
    flat = grad.flatten(0, 1)
    rows_total = total.flatten(0, 1)
    torch.addmm(rows_total, flat, matrix, out=rows_total)  # which counters of operations know, unlike addmm_
    return torch.mm(flat.T, rows.flatten(0, 1)), _sum(grad)


def _where_positive(grad: Tensor, rows: Tensor, out: Tensor) -> Tensor:
    """The gradient through a ReLU of rows."""
    found: Tensor = torch.ops.aten.threshold_backward.grad_input(grad, rows, 0, grad_input=out)
    return found


def _sum(rows: Tensor) -> Tensor:
    """Over images and pixels, (C,)."""
    return rows.sum((0, 1))


class _NormaliseAndRectify(Function):
    @staticmethod
    def forward(ctx: Context, maps: Tensor, eps: float) -> Tensor:
        rows = _rows(maps)
        scratch = torch.empty_like(rows)
        normed, scale = _normalise(rows, eps, scratch)
        ctx.save_for_backward(normed, scale)
        ctx.like = maps
        return _maps(torch.clamp_min(normed, 0, out=scratch), maps)

    @staticmethod
    @once_differentiable
    def backward(ctx: Context, grad_output: Tensor) -> tuple[Tensor | None, ...]:
        normed, scale = ctx.saved_tensors
        grad = _rows(grad_output.contiguous(memory_format=torch.channels_last))
        grad = torch.ops.aten.threshold_backward(grad, normed, 0)
        return _maps(_normalise_backward(grad, normed, scale, torch.empty_like(grad)), ctx.like), None


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
        h, where = _rows(hidden), _rows(local)
        rectified = _convolve_pointwise(h, matrix, offset).relu_()
        mean = rectified.mean(1, keepdim=True)
        what = rectified - mean
        scale = what.square().mean(1, keepdim=True).add_(eps).rsqrt_()
        torch.addcmul(bias, what, scale * weight, out=what)
        ctx.save_for_backward(h, where, rectified, mean, scale, matrix, weight, bias)
        ctx.like = hidden
        return _maps(what.mul_(where).mul_(h), hidden)

    @staticmethod
    @once_differentiable
    def backward(ctx: Context, grad_output: Tensor) -> tuple[Tensor | None, ...]:
        h, where, rectified, mean, scale, matrix, weight, bias = ctx.saved_tensors
        grad = _rows(grad_output.contiguous(memory_format=torch.channels_last))
        normed = (rectified - mean).mul_(scale)
        what = torch.addcmul(bias, normed, weight)
        grad_h = grad * what
        scratch = grad_h * h
        grad_where = scratch.sum(2, keepdim=True)
        grad_h.mul_(where)
        grad_what = torch.mul(grad, h, out=what).mul_(where)
        grad_bias = _sum(grad_what)
        grad_weight = _sum(torch.mul(grad_what, normed, out=scratch))
        grad_across = _normalise_backward(grad_what.mul_(weight), normed, scale, scratch)
        _where_positive(grad_across, rectified, grad_across)
        grad_matrix, grad_offset = _convolve_pointwise_backward(grad_across, h, matrix, grad_h)
        like = ctx.like
        return _maps(grad_h, like), _maps(grad_where, like), grad_matrix, grad_offset, grad_weight, grad_bias, None


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
        h = _rows(hidden)
        out = torch.empty_like(h)
        normed, scale = _normalise(_rows(convolved), eps, out)
        torch.addcmul(mu, h, alpha, out=out).mul_(normed)
        if rectified:
            out.relu_()
        torch.sub(_rows(drive), out, out=out).relu_()
        ctx.save_for_backward(h, normed, scale, alpha, mu, out)
        ctx.rectified, ctx.like = rectified, drive
        return _maps(out, drive)

    @staticmethod
    @once_differentiable
    def backward(ctx: Context, grad_output: Tensor) -> tuple[Tensor | None, ...]:
        h, normed, scale, alpha, mu, out = ctx.saved_tensors
        grad = _rows(grad_output.contiguous(memory_format=torch.channels_last))
        grad_drive = torch.ops.aten.threshold_backward(grad, out, 0)
        # From here on all gradients lack their sign, which is minus.
        factor = torch.addcmul(mu, h, alpha)
        scratch = torch.empty_like(h)
        through = grad_drive
        if ctx.rectified:
            through = _where_positive(grad_drive, torch.mul(factor, normed, out=scratch), torch.empty_like(h))
        grad_normed = factor.mul_(through)
        grad_factor = torch.mul(through, normed, out=through if ctx.rectified else torch.empty_like(h))
        grad_mu = _sum(grad_factor).neg_()
        grad_alpha = _sum(torch.mul(grad_factor, h, out=scratch)).neg_()
        grad_hidden = grad_factor.mul_(-alpha)
        if scale is None:
            grad_convolved = grad_normed.neg_()
        else:
            grad_convolved = _normalise_backward(grad_normed, normed, -scale, scratch)
        like = ctx.like
        maps = (_maps(grad_drive, like), _maps(grad_hidden, like), _maps(grad_convolved, like))
        return (*maps, grad_alpha, grad_mu, None, None)


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
        e, h = _rows(inhibited), None if hidden is None else _rows(hidden)
        scratch = torch.empty_like(e)
        w, w_scale = _normalise(_rows(convolved), eps, scratch)
        opened, gate_scale = _normalise(_convolve_pointwise(e, matrix, offset), eps, scratch)
        out = torch.addcmul(gamma, e, omega).mul_(w).addcmul_(e, kappa).relu_()
        g = torch.sigmoid(opened, out=scratch)
        if h is None:
            out.mul_(g)
        else:
            torch.lerp(h, out, g, out=out)
        ctx.save_for_backward(e, h, w, w_scale, opened, gate_scale, matrix, kappa, gamma, omega)
        ctx.like = inhibited
        return _maps(out, inhibited)

    @staticmethod
    @once_differentiable
    def backward(ctx: Context, grad_output: Tensor) -> tuple[Tensor | None, ...]:
        e, h, w, w_scale, opened, gate_scale, matrix, kappa, gamma, omega = ctx.saved_tensors
        grad = _rows(grad_output.contiguous(memory_format=torch.channels_last))
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
        grad_gate = _normalise_backward(grad_gate, opened, gate_scale, scratch)
        product = torch.mul(grad_candidate, e, out=g)
        grad_kappa = _sum(product)
        grad_omega = _sum(product.mul_(w))
        grad_gamma = _sum(torch.mul(grad_candidate, w, out=product))
        grad_inhibited = torch.addcmul(kappa, w, omega, out=product).mul_(grad_candidate)
        grad_convolved = _normalise_backward(factor.mul_(grad_candidate), w, w_scale, scratch)
        grad_matrix, grad_offset = _convolve_pointwise_backward(grad_gate, e, matrix, grad_inhibited)
        like = ctx.like
        return (
            _maps(grad_inhibited, like),
            None if grad_hidden is None else _maps(grad_hidden, like),
            _maps(grad_convolved, like),
            grad_matrix,
            grad_offset,
            grad_kappa,
            grad_gamma,
            grad_omega,
            None,
        )
