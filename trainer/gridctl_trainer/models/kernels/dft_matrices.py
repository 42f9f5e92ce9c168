"""The matrices of the small discrete Fourier transforms that `tiled_dft` uses."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Transforms:
    """The matrices for one size of kernel and tile. N = `outputs` + k - 1; a part is real or imaginary.

    Attributes:
        outputs: M, the number of valid output pixels along a tile's side.
        rows: Real DFT of N pixels, (2 (N / 2 + 1), N), from pixel to (frequency, part).
        columns: Complex DFT, (2 N, 2 N), from (part, pixel) to (frequency, part).
        kernel_rows, kernel_columns: The same for the k taps of a kernel, conjugated, (..., k) and (..., 2 k).
        inverse_columns: Inverse to the M valid pixels, (2 M, 2 N), from (frequency, part) to (part, pixel).
        inverse_rows: The same to real pixels, (M, 2 (N / 2 + 1)).
    """

    outputs: int
    rows: Tensor
    columns: Tensor
    kernel_rows: Tensor
    kernel_columns: Tensor
    inverse_columns: Tensor
    inverse_rows: Tensor

    @property
    def size(self) -> int:
        """N, the side of a tile."""
        return self.rows.shape[1]

    @property
    def frequencies(self) -> int:
        """F = N / 2 + 1, the number of frequencies of a real signal of N pixels."""
        return self.rows.shape[0] // 2


@lru_cache(maxsize=16)
def transforms(kernel_size: int, outputs: int, dtype: torch.dtype) -> Transforms:
    """The matrices for kernels of k x k taps and tiles with `outputs` valid pixels per side.

    Args:
        kernel_size: k, odd.
        outputs: M, even and at least k - 1.
        dtype: Dtype of the maps.
    """
    size = outputs + kernel_size - 1
    full = torch.arange(size, dtype=torch.float64) * (2 * math.pi / size)
    half = full[: size // 2 + 1]
    pixels, taps = torch.arange(size, dtype=torch.float64), torch.arange(kernel_size, dtype=torch.float64)
    weight = torch.full((size // 2 + 1,), 2.0, dtype=torch.float64)
    weight[0] = weight[-1] = 1.0  # these two have no mirror image in the spectrum of a real signal
    back = torch.outer(pixels[:outputs], half)
    matrices = (
        _real_transform(torch.outer(half, pixels), sign=-1),
        _complex_transform(torch.outer(full, pixels), sign=-1),
        _real_transform(torch.outer(half, taps), sign=1),
        _complex_transform(torch.outer(full, taps), sign=1),
        _complex_transform(torch.outer(full, pixels[:outputs]), sign=-1).T / size,
        torch.stack([weight * back.cos(), -weight * back.sin()], dim=2).flatten(1) / size,
    )
    return Transforms(outputs, *(matrix.to(dtype).contiguous() for matrix in matrices))


def _real_transform(angle: Tensor, sign: int) -> Tensor:
    """(2 F, k), with rows (frequency, part) and columns pixels."""
    return torch.stack([angle.cos(), sign * angle.sin()], dim=1).flatten(0, 1)


def _complex_transform(angle: Tensor, sign: int) -> Tensor:
    """(2 N, 2 k), with rows (frequency, part) and columns (part, pixel)."""
    cos, sin = angle.cos(), sign * angle.sin()
    real, imaginary = torch.cat([cos, -sin], dim=1), torch.cat([sin, cos], dim=1)
    return torch.stack([real, imaginary], dim=1).flatten(0, 1)
