"""Two-dimensional convolution with a large kernel by the discrete Fourier transform of tiles.

Overlap-save: maps are cut into tiles that overlap by k - 1 px; in the frequency domain the
convolution of a tile is one small matrix product a frequency. A tile is so small (24 px for a
9x9 kernel) that the transforms themselves are fastest as matrix products too. A 9x9 convolution
takes a fifth of the multiplications of the direct sum. The backward pass is the adjoint of each
stage, so the transform of the incoming gradient serves both of its products.

Maps in the frequency domain are (F, N, 2 C, T): frequencies of rows and of columns, real and
imaginary parts of channels, tiles.

Source: overlap-save, Oppenheim and Schafer, "Discrete-Time Signal Processing", 8.7.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from trainer.models.dft_matrices import Transforms, transforms


def convolve(maps: Tensor, kernel: Tensor, outputs: int) -> Tensor:
    """Cross-correlation with zero padding k // 2.

    Args:
        maps: (B, I, H, W), float32 or float64, any memory format.
        kernel: (O, I, k, k), k odd.
        outputs: M, output pixels along a tile's side, even and at least k - 1.

    Returns:
        (B, O, H, W), channels last.
    """
    used = transforms(kernel.shape[-1], outputs, maps.dtype)
    batch, inputs, height, width = maps.shape
    out, down, across = kernel.shape[0], _tiles_along(height, outputs), _tiles_along(width, outputs)
    tiles = batch * down * across
    spectrum = _spectrum_of_kernel(kernel, used)
    rows = _row_transform(maps, used)
    columns = maps.new_empty(used.size, 2 * inputs, tiles)
    product = maps.new_empty(used.size, 2 * out, tiles)
    back = maps.new_empty(used.frequencies, 2 * outputs, out * tiles)
    # A frequency of the rows at a time: what one needs stays in a core's cache.
    for frequency in range(used.frequencies):
        torch.mm(used.columns, rows[frequency], out=columns.view(2 * used.size, -1))
        torch.bmm(spectrum[frequency], columns, out=product)
        torch.mm(used.inverse_columns, product.view(2 * used.size, -1), out=back[frequency])
    found = torch.mm(used.inverse_rows, back.view(2 * used.frequencies, -1))
    whole = _empty_maps(maps, out, down * outputs, across * outputs)
    _as_tiles(whole, outputs).copy_(found.view(outputs, outputs, out, batch, down, across))
    return _cropped(whole, height, width)


def convolve_backward(grad: Tensor, maps: Tensor, kernel: Tensor, outputs: int) -> tuple[Tensor, Tensor]:
    """Gradients of `convolve` by its maps and its kernel.

    Args:
        grad: By its output, (B, O, H, W).
        maps: (B, I, H, W).
        kernel: (O, I, k, k).
        outputs: M.

    Returns:
        (B, I, H, W), channels last, and (O, I, k, k).
    """
    used = transforms(kernel.shape[-1], outputs, maps.dtype)
    batch, inputs, height, width = maps.shape
    out, down, across = kernel.shape[0], _tiles_along(height, outputs), _tiles_along(width, outputs)
    tiles = batch * down * across
    spectrum = _spectrum_of_kernel(kernel, used)
    rows = _row_transform(maps, used)
    grad_rows = _adjoint_row_transform(grad, used)
    columns = maps.new_empty(used.size, 2 * inputs, tiles)
    product = maps.new_empty(used.size, 2 * inputs, tiles)
    grad_columns = maps.new_empty(used.size, 2 * out, tiles)
    grad_spectrum = torch.empty_like(spectrum)
    for frequency in range(used.frequencies):
        torch.mm(used.columns, rows[frequency], out=columns.view(2 * used.size, -1))
        torch.mm(used.inverse_columns.T, grad_rows[frequency], out=grad_columns.view(2 * used.size, -1))
        torch.bmm(grad_columns, columns.transpose(1, 2), out=grad_spectrum[frequency])
        torch.bmm(spectrum[frequency].transpose(1, 2), grad_columns, out=product)
        # The rows of this frequency are read: their gradient takes their place.
        torch.mm(used.columns.T, product.view(2 * used.size, -1), out=rows[frequency])
    found = torch.mm(used.rows.T, rows.view(2 * used.frequencies, -1))
    return _overlap_add(found, maps, used), _kernel_of_spectrum(grad_spectrum, kernel, used)


def _row_transform(maps: Tensor, used: Transforms) -> Tensor:
    """Overlapping tiles, transformed along their rows' index: (F, 2 N, I T), N columns of each part."""
    batch, channels, height, width = maps.shape
    size, outputs = used.size, used.outputs
    before = (size - outputs) // 2
    down, across = _tiles_along(height, outputs), _tiles_along(width, outputs)
    after = (before + across * outputs - width, before + down * outputs - height)
    padded = functional.pad(maps, (before, after[0], before, after[1]))
    image, channel, row, column = padded.stride()
    strides = (row, column, channel, image, outputs * row, outputs * column)
    tiles = padded.as_strided((size, size, channels, batch, down, across), strides).reshape(size, -1)
    return torch.mm(used.rows, tiles).view(used.frequencies, 2 * size, -1)


def _adjoint_row_transform(grad: Tensor, used: Transforms) -> Tensor:
    """The adjoint of the inverse transform to rows of output pixels: (F, 2 M, O T)."""
    height, width = grad.shape[2:]
    outputs = used.outputs
    down, across = _tiles_along(height, outputs), _tiles_along(width, outputs)
    if (down * outputs, across * outputs) != (height, width):
        grad = functional.pad(grad, (0, across * outputs - width, 0, down * outputs - height))
    tiles = _as_tiles(grad, outputs).reshape(outputs, -1)
    return torch.mm(used.inverse_rows.T, tiles).view(used.frequencies, 2 * outputs, -1)


def _spectrum_of_kernel(kernel: Tensor, used: Transforms) -> Tensor:
    """(F, N, 2 O, 2 I): multiplication by a complex matrix, written with real numbers."""
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


def _overlap_add(tiles: Tensor, maps: Tensor, used: Transforms) -> Tensor:
    """Gradients of overlapping tiles, added up to the gradient of the maps."""
    batch, channels, height, width = maps.shape
    size, outputs = used.size, used.outputs
    down, across, overlap = _tiles_along(height, outputs), _tiles_along(width, outputs), size - outputs
    tiles = tiles.view(size, size, channels, batch, down, across)
    total = _empty_maps(maps, channels, (down + 1) * outputs, (across + 1) * outputs)
    main = _as_tiles(total, outputs)  # a tile's first M pixels are its own, the others its neighbour's first
    main[..., -1, :] = main[..., -1] = 0
    main[..., :-1, :-1] = tiles[:outputs, :outputs]
    main[:, :overlap, ..., :-1, 1:] += tiles[:outputs, outputs:]
    main[:overlap, :, ..., 1:, :-1] += tiles[outputs:, :outputs]
    main[:overlap, :overlap, ..., 1:, 1:] += tiles[outputs:, outputs:]
    before = overlap // 2
    return _cropped(total[:, :, before:, before:], height, width)


def _as_tiles(maps: Tensor, side: int) -> Tensor:
    """(B, C, H, W) as (side, side, C, B, H / side, W / side) without a copy."""
    batch, channels, height, width = maps.shape
    return maps.view(batch, channels, height // side, side, width // side, side).permute(3, 5, 1, 0, 2, 4)


def _tiles_along(pixels: int, outputs: int) -> int:
    return -(-pixels // outputs)


def _empty_maps(like: Tensor, channels: int, height: int, width: int) -> Tensor:
    shape = (like.shape[0], channels, height, width)
    return torch.empty(shape, dtype=like.dtype, device=like.device, memory_format=torch.channels_last)


def _cropped(maps: Tensor, height: int, width: int) -> Tensor:
    return maps[:, :, :height, :width].contiguous(memory_format=torch.channels_last)
