"""Two-dimensional convolution with a large kernel by the discrete Fourier transform of tiles.

The method is overlap-save. Maps are cut into tiles that overlap by k - 1 px. In the frequency domain, the convolution
of a tile is one small matrix product per frequency. A tile is so small (24 px for a 9x9 kernel) that the transforms
themselves are also fastest as matrix products. A 9x9 convolution takes a fifth of the multiplications of the direct
sum. The backward pass is the adjoint of each stage, so the transform of the incoming gradient is used for both of its
products.

First, the rows of pixels are transformed without being copied into tiles, to (image, row of tiles, frequency and part,
column, channel). Then the columns of every tile are transformed, for as many row frequencies at a time as fit into the
cache. There, maps are (N, 2 C, T): the frequencies of the columns, the real and imaginary parts of the channels, and
the tiles.

Source: overlap-save, Oppenheim and Schafer, "Discrete-Time Signal Processing", 8.7.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from gridctl_trainer.models.kernels.dft_matrices import Transforms, transforms

CACHED_NUMBERS = 800_000
"""How many numbers a group of frequencies may have. Smaller groups need more calls; larger ones exceed the cache."""


@dataclass(frozen=True, slots=True)
class _Tiling:
    """How (B, C, H, W) maps are cut: into tiles of N px every M px, `down` x `across` of them per image."""

    used: Transforms
    batch: int
    height: int
    width: int

    @property
    def down(self) -> int:
        return -(-self.height // self.used.outputs)

    @property
    def across(self) -> int:
        return -(-self.width // self.used.outputs)

    @property
    def tiles(self) -> int:
        return self.batch * self.down * self.across

    @property
    def overlap(self) -> int:
        return self.used.size - self.used.outputs


def _tiling(maps: Tensor, kernel: Tensor, outputs: int) -> _Tiling:
    batch, _, height, width = maps.shape
    return _Tiling(transforms(kernel.shape[-1], outputs, maps.dtype), batch, height, width)


def convolve(maps: Tensor, kernel: Tensor, outputs: int) -> Tensor:
    """Cross-correlation with zero padding k // 2.

    Args:
        maps: (B, I, H, W), float32 or float64, any memory format.
        kernel: (O, I, k, k), k odd.
        outputs: M, output pixels along a tile's side, even and at least k - 1.

    Returns:
        (B, O, H, W), channels last.
    """
    cut = _tiling(maps, kernel, outputs)
    used, (out, inputs) = cut.used, kernel.shape[:2]
    spectrum = _spectrum_of_kernel(kernel, used)
    rows = _transform_rows(maps, cut)
    back = maps.new_empty(cut.batch, cut.down, 2 * used.frequencies, cut.across * outputs, out)
    for first, count in _groups(cut, max(inputs, out)):
        source = _tiles_of(rows, first, count, used.size, cut)
        columns = _product(used.columns, source.reshape(count, 2 * used.size, -1)).view(-1, 2 * inputs, cut.tiles)
        product = torch.bmm(spectrum[first : first + count].flatten(0, 1), columns)
        found = _product(used.inverse_columns, product.view(count, 2 * used.size, -1))
        target = _tiles_of(back, first, count, outputs, cut)
        target.copy_(found.view(target.shape))
    whole = _product(used.inverse_rows, back.view(cut.batch * cut.down, 2 * used.frequencies, -1))
    whole = whole.view(cut.batch, cut.down * outputs, cut.across * outputs, out)
    return whole[:, : cut.height, : cut.width].contiguous().permute(0, 3, 1, 2)


def convolve_backward(grad: Tensor, maps: Tensor, kernel: Tensor, outputs: int) -> tuple[Tensor, Tensor]:
    """The gradients of `convolve` by its maps and its kernel.

    Args:
        grad: Gradient by the output, (B, O, H, W).
        maps: (B, I, H, W).
        kernel: (O, I, k, k).
        outputs: M, as for `convolve`.

    Returns:
        The gradient by the maps, (B, I, H, W), channels last, and by the kernel, (O, I, k, k).
    """
    cut = _tiling(maps, kernel, outputs)
    used, (out, inputs) = cut.used, kernel.shape[:2]
    spectrum = _spectrum_of_kernel(kernel, used)
    grad_spectrum = torch.empty_like(spectrum)
    rows, grad_rows = _transform_rows(maps, cut), _adjoint_transform_rows(grad, cut)
    for first, count in _groups(cut, max(inputs, out)):
        few = slice(first, first + count)
        source = _tiles_of(rows, first, count, used.size, cut)
        columns = _product(used.columns, source.reshape(count, 2 * used.size, -1)).view(-1, 2 * inputs, cut.tiles)
        source = _tiles_of(grad_rows, first, count, outputs, cut)
        grad_columns = _product(used.inverse_columns.T, source.reshape(count, 2 * outputs, -1))
        grad_columns = grad_columns.view(-1, 2 * out, cut.tiles)
        torch.bmm(grad_columns, columns.transpose(1, 2), out=grad_spectrum[few].flatten(0, 1))
        torch.bmm(spectrum[few].flatten(0, 1).transpose(1, 2), grad_columns, out=columns)
        tiles = _product(used.columns.T, columns.view(count, 2 * used.size, -1))
        tiles = tiles.view(count, 2, used.size, inputs, cut.batch, cut.down, cut.across)
        # The rows of these frequencies are no longer needed. Their gradient, the sum of the tiles, overwrites them.
        rows[:, :, 2 * first : 2 * (first + count), cut.across * outputs :] = 0
        _tiles_of(rows, first, count, outputs, cut).copy_(tiles[:, :, :outputs])
        _tiles_of(rows[:, :, :, outputs:], first, count, cut.overlap, cut).add_(tiles[:, :, outputs:])
    found = _product(used.rows.T, rows.view(cut.batch * cut.down, 2 * used.frequencies, -1))
    return _overlap_add_rows(found, inputs, cut), _kernel_of_spectrum(grad_spectrum, kernel, used)


def _transform_rows(maps: Tensor, cut: _Tiling) -> Tensor:
    """Transform overlapping rows of tiles along their height: (B, down, 2 F, W', I), padded for the kernel."""
    used, channels, before = cut.used, maps.shape[1], cut.overlap // 2
    height, width = cut.down * used.outputs + cut.overlap, cut.across * used.outputs + cut.overlap
    padded = maps.new_zeros(cut.batch, height, width, channels)
    padded[:, before : before + cut.height, before : before + cut.width] = maps.permute(0, 2, 3, 1)
    rows = maps.new_empty(cut.batch, cut.down, 2 * used.frequencies, width, channels)
    line = width * channels
    matrices = used.rows.expand(cut.down, -1, -1)
    for image, transformed in zip(padded, rows, strict=True):
        overlapping = image.as_strided((cut.down, used.size, line), (used.outputs * line, line, 1))
        torch.bmm(matrices, overlapping, out=transformed.view(cut.down, 2 * used.frequencies, line))
    return rows


def _adjoint_transform_rows(grad: Tensor, cut: _Tiling) -> Tensor:
    """The adjoint of the inverse transform along the height: (B, down, 2 F, across M, O)."""
    used, channels = cut.used, grad.shape[1]
    height, width = cut.down * used.outputs, cut.across * used.outputs
    pixels = grad.permute(0, 2, 3, 1)
    if (height, width) != (cut.height, cut.width):
        whole = grad.new_zeros(cut.batch, height, width, channels)
        whole[:, : cut.height, : cut.width] = pixels
        pixels = whole
    rows = pixels.reshape(cut.batch * cut.down, used.outputs, width * channels)
    return _product(used.inverse_rows.T, rows).view(cut.batch, cut.down, 2 * used.frequencies, width, channels)


def _overlap_add_rows(tiles: Tensor, channels: int, cut: _Tiling) -> Tensor:
    """Add up the gradients of overlapping rows of tiles, (B down, N, W' I), to the gradient of the maps."""
    outputs, before = cut.used.outputs, cut.overlap // 2
    tiles = tiles.view(cut.batch, cut.down, cut.used.size, -1)
    total = tiles.new_empty(cut.batch, cut.down * outputs + cut.overlap, tiles.shape[-1])
    total[:, cut.down * outputs :] = 0
    total[:, : cut.down * outputs].view(cut.batch, cut.down, outputs, -1).copy_(tiles[:, :, :outputs])
    image, row, _ = total.stride()
    shape = (cut.batch, cut.down, cut.overlap, tiles.shape[-1])
    shared = total.as_strided(shape, (image, outputs * row, row, 1), outputs * row)
    shared.add_(tiles[:, :, outputs:])
    maps = total.view(*total.shape[:2], -1, channels)
    maps = maps[:, before : before + cut.height, before : before + cut.width]
    return maps.contiguous().permute(0, 3, 1, 2)


def _groups(cut: _Tiling, channels: int) -> list[tuple[int, int]]:
    """The groups of row frequencies that are processed together, each as (first, count)."""
    frequencies = cut.used.frequencies
    most = max(1, CACHED_NUMBERS // (2 * cut.used.size * channels * cut.tiles))
    parts = -(-frequencies // most)
    edges = [frequencies * part // parts for part in range(parts + 1)]
    return [(first, end - first) for first, end in pairwise(edges)]


def _tiles_of(rows: Tensor, first: int, count: int, columns: int, cut: _Tiling) -> Tensor:
    """View some frequencies of transformed rows as tiles, (count, 2, columns, C, B, down, across), without a copy."""
    image, down, part, column, channel = rows.stride()
    shape = (count, 2, columns, rows.shape[-1], cut.batch, cut.down, cut.across)
    strides = (2 * part, part, column, channel, image, down, cut.used.outputs * column)
    return rows.as_strided(shape, strides, rows.storage_offset() + 2 * first * part)


def _product(matrix: Tensor, maps: Tensor) -> Tensor:
    """Multiply one matrix by each matrix of a batch."""
    return torch.bmm(matrix.expand(len(maps), -1, -1), maps)


def _spectrum_of_kernel(kernel: Tensor, used: Transforms) -> Tensor:
    """The kernel's transform, (F, N, 2 O, 2 I), as real matrices that multiply like complex ones."""
    out, inputs, size, _ = kernel.shape
    taps = kernel.permute(2, 3, 0, 1).reshape(size, -1)
    rows = torch.mm(used.kernel_rows, taps).view(used.frequencies, 2 * size, -1)
    columns = torch.matmul(used.kernel_columns, rows)
    real, imaginary = columns.view(used.frequencies, used.size, 2, out, inputs).unbind(2)
    blocks = kernel.new_empty(used.frequencies, used.size, 2, out, 2, inputs)
    blocks[:, :, 0, :, 0] = blocks[:, :, 1, :, 1] = real
    blocks[:, :, 1, :, 0] = imaginary
    blocks[:, :, 0, :, 1] = -imaginary
    return blocks.view(used.frequencies, used.size, 2 * out, 2 * inputs)


def _kernel_of_spectrum(spectrum: Tensor, kernel: Tensor, used: Transforms) -> Tensor:
    """The adjoint of `_spectrum_of_kernel`."""
    out, inputs, size, _ = kernel.shape
    blocks = spectrum.view(used.frequencies, used.size, 2, out, 2, inputs)
    real = blocks[:, :, 0, :, 0] + blocks[:, :, 1, :, 1]
    imaginary = blocks[:, :, 1, :, 0] - blocks[:, :, 0, :, 1]
    columns = torch.stack([real, imaginary], dim=2).view(used.frequencies, 2 * used.size, -1)
    rows = torch.matmul(used.kernel_columns.T, columns)
    taps = torch.mm(used.kernel_rows.T, rows.view(2 * used.frequencies, -1))
    return taps.view(size, size, out, inputs).permute(2, 3, 0, 1).contiguous()
