"""The top-down mix of γ-Net, with each source convolved at its own resolution."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gridctl_trainer.models.kernels.pointwise import convolve_pointwise
from gridctl_trainer.models.kernels.upsample import sum_upsampled


def mix_before_upsampling(maps: Tensor, states: list[Tensor], conv: nn.Conv2d) -> Tensor:
    """Upsample and concatenate all sources and apply a 1x1 convolution, in an equivalent but cheaper order.

    A 1x1 convolution commutes with bilinear upsampling, so each source is convolved first and only C[level] maps of it
    are upsampled. A source that occurs twice is convolved once, with the sum of its kernels.

    Args:
        maps: The activity one level below, (B, C[level+1], H/2, W/2).
        states: Hidden states of the coarser levels, finest first; each (B, C[j], H/2^n, W/2^n).
        conv: The convolution. Its inputs are `maps`, then the states, coarsest first.

    Returns:
        (B, C[level], H, W).
    """
    widths = [maps.shape[1], *(state.shape[1] for state in reversed(states))]
    kernel, *kernels = torch.split(conv.weight, widths, dim=1)
    kernels.reverse()
    if maps is states[0]:
        mixed = convolve_pointwise(maps, kernels[0] + kernel, conv.bias)
    else:
        mixed = convolve_pointwise(torch.cat([maps, states[0]], 1), torch.cat([kernel, kernels[0]], 1), conv.bias)
    coarser = [convolve_pointwise(state, kernel) for state, kernel in zip(states[1:], kernels[1:], strict=True)]
    return sum_upsampled([mixed, *coarser])
