"""Convolutions with large kernels, computed on a CPU by the Fourier transform of tiles if that is faster."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from gridctl_trainer.models.kernels import tiled_dft
from gridctl_trainer.models.kernels.pointwise import convolve_pointwise
from gridctl_trainer.models.kernels.switch import Kernel, chosen

TILE_OUTPUTS = 16
"""Output pixels along a tile's side. Of the values from 8 to 24, it is the fastest for kernels of 7 and 9 px."""


def convolve_with_large_kernel(maps: Tensor, kernel: Tensor, *, by_dft: bool | None = None) -> Tensor:
    """Cross-correlation with zero padding k // 2.

    Args:
        maps: (B, I, H, W).
        kernel: (O, I, k, k), k odd.
        by_dft: Whether to use the Fourier transform; None to choose by device, dtype and shape.

    Returns:
        (B, O, H, W).
    """
    if by_dft is None:
        by_dft = chosen(Kernel.TILED_DFT, maps) and pays_by_dft(maps, kernel)
    if by_dft:
        result: Tensor = torch.ops.gridctl.convolve_by_dft(maps, kernel)
        return result
    if kernel.shape[-1] == 1:
        return convolve_pointwise(maps, kernel)
    return functional.conv2d(maps, kernel, padding=kernel.shape[-1] // 2)


def pays_by_dft(maps: Tensor, kernel: Tensor) -> bool:
    """Whether the Fourier transform is faster than the direct sum on a CPU.

    It is for kernels of at least 7x7 with enough channels and tiles for efficient matrix products. With 24 channels,
    forward and backward pass together take 0.5 of the direct sum's time at 32,768 pixels and 0.8 at 4,608, but 1.5 at
    2,048. They take 0.8 with 16 channels and 1.1 with 8, and 0.8 to 1.0 for 5x5. GPU libraries choose an algorithm
    themselves. Autocast asks for bfloat16, which is too imprecise for the transform.

    Args:
        maps: (B, I, H, W).
        kernel: (O, I, k, k).
    """
    if torch.is_autocast_enabled("cpu"):
        return False
    if maps.dtype not in (torch.float32, torch.float64) or maps.dtype != kernel.dtype:
        return False
    size = kernel.shape[-1]
    pixels = maps.shape[0] * maps.shape[2] * maps.shape[3]
    return 7 <= size <= TILE_OUTPUTS + 1 and min(kernel.shape[:2]) >= 16 and pixels >= 16 * TILE_OUTPUTS**2


# Operators, so that `torch.compile` does not look inside. Those of `torch.library.custom_op` would import the compiler
# when they are first called, which takes a third of a trainer's start.
_FORWARD = "gridctl::convolve_by_dft"
_BACKWARD = "gridctl::convolve_by_dft_backward"
torch.library.define(_FORWARD, "(Tensor maps, Tensor kernel) -> Tensor")
torch.library.define(_BACKWARD, "(Tensor grad, Tensor maps, Tensor kernel) -> (Tensor, Tensor)")


@torch.library.impl(_FORWARD, "cpu")
def _(maps: Tensor, kernel: Tensor) -> Tensor:
    return tiled_dft.convolve(maps, kernel, TILE_OUTPUTS)


@torch.library.impl(_BACKWARD, "cpu")
def _(grad: Tensor, maps: Tensor, kernel: Tensor) -> tuple[Tensor, Tensor]:
    return tiled_dft.convolve_backward(grad, maps, kernel, TILE_OUTPUTS)


def _shape(maps: Tensor, kernel: Tensor) -> Tensor:
    batch, _, height, width = maps.shape
    return maps.new_empty(batch, kernel.shape[0], height, width).contiguous(memory_format=torch.channels_last)


def _shapes_backward(grad: Tensor, maps: Tensor, kernel: Tensor) -> tuple[Tensor, Tensor]:
    return torch.empty_like(maps, memory_format=torch.channels_last), kernel.new_empty(kernel.shape)


def _keep(ctx: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
    ctx.save_for_backward(*inputs)


def _gradients(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor]:
    maps, kernel = ctx.saved_tensors
    found: tuple[Tensor, Tensor] = torch.ops.gridctl.convolve_by_dft_backward(grad, maps, kernel)
    return found


torch.library.register_fake(_FORWARD, _shape)
torch.library.register_fake(_BACKWARD, _shapes_backward)
torch.library.register_autograd(_FORWARD, _gradients, setup_context=_keep)
