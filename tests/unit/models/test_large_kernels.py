"""Convolution by Fourier transform of tiles equals direct convolution, forward and backward."""

from __future__ import annotations

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch.nn import functional

from gridctl_trainer.models.kernels import tiled_dft
from gridctl_trainer.models.kernels.large_kernels import convolve_with_large_kernel, pays_by_dft
from gridctl_trainer.models.kernels.switch import DEVICES, Kernel, chosen


@settings(max_examples=30, deadline=None)
@given(
    size=st.sampled_from([3, 5, 7, 9, 11]),
    more_outputs=st.integers(0, 3),
    shape=st.tuples(st.integers(1, 2), st.integers(1, 3), st.integers(1, 30), st.integers(1, 30)),
    out=st.integers(1, 3),
    channels_last=st.booleans(),
    seed=st.integers(0, 2**31),
)
@example(size=3, more_outputs=0, shape=(1, 1, 1, 1), out=1, channels_last=False, seed=0)
def test_it_equals_the_direct_sum(
    size: int, more_outputs: int, shape: tuple[int, int, int, int], out: int, channels_last: bool, seed: int
) -> None:
    """Tiles of any size work on maps of any size, even if the last tiles are not full."""
    torch.manual_seed(seed)
    outputs = size - 1 + 2 * more_outputs
    maps = torch.randn(shape, dtype=torch.float64)
    if channels_last:
        maps = maps.contiguous(memory_format=torch.channels_last)
    maps.requires_grad_()
    kernel = torch.randn(out, shape[1], size, size, dtype=torch.float64, requires_grad=True)
    direct = functional.conv2d(maps, kernel, padding=size // 2)
    grad = torch.randn_like(direct)
    with torch.no_grad():
        torch.testing.assert_close(tiled_dft.convolve(maps, kernel, outputs), direct, atol=1e-11, rtol=0)
        found = tiled_dft.convolve_backward(grad, maps, kernel, outputs)
    expected = torch.autograd.grad(direct, (maps, kernel), grad)
    torch.testing.assert_close(found, expected, atol=1e-10, rtol=0)


def test_gradients_against_finite_differences() -> None:
    torch.manual_seed(0)
    maps = torch.randn(1, 2, 5, 18, dtype=torch.float64, requires_grad=True)
    kernel = torch.randn(2, 2, 9, 9, dtype=torch.float64, requires_grad=True)
    torch.autograd.gradcheck(lambda m, k: convolve_with_large_kernel(m, k, by_dft=True), (maps, kernel), fast_mode=True)


@pytest.mark.parametrize("size", [7, 9])
def test_in_float32_it_is_as_near_as_single_precision_gets(size: int) -> None:
    torch.manual_seed(0)
    maps = torch.randn(2, 24, 64, 64)
    kernel = torch.randn(24, 24, size, size) / (24**0.5 * size)  # gives outputs with unit deviation
    exact = functional.conv2d(maps.double(), kernel.double(), padding=size // 2)
    found = convolve_with_large_kernel(maps, kernel, by_dft=True)
    assert (found - exact).abs().max() < 1e-5


def test_it_is_the_same_to_the_last_bit_every_time() -> None:
    torch.manual_seed(0)
    maps, kernel = torch.randn(2, 24, 48, 48), torch.randn(24, 24, 9, 9)
    found = [convolve_with_large_kernel(maps.clone(), kernel.clone(), by_dft=True) for _ in range(3)]
    assert all(torch.equal(found[0], other) for other in found)


def test_the_operator_keeps_the_rules_of_autograd_and_of_the_compiler() -> None:
    maps = torch.randn(1, 2, 8, 8, requires_grad=True)
    kernel = torch.randn(3, 2, 7, 7, requires_grad=True)
    torch.library.opcheck(torch.ops.gridctl.convolve_by_dft.default, (maps, kernel))


def test_where_it_is_chosen() -> None:
    maps, kernel = torch.empty(2, 24, 64, 64), torch.empty(24, 24, 9, 9)
    assert pays_by_dft(maps, kernel)
    assert pays_by_dft(maps.double(), kernel.double())
    assert chosen(Kernel.TILED_DFT, maps)
    assert not chosen(Kernel.TILED_DFT, maps.to("meta")), "operations are counted as those of a convolution"
    assert DEVICES[Kernel.TILED_DFT] == ("cpu",), "cuDNN chooses by itself"
    assert not pays_by_dft(maps.half(), kernel.half())
    assert not pays_by_dft(maps, torch.empty(24, 24, 5, 5))
    assert not pays_by_dft(maps, torch.empty(24, 4, 9, 9)), "too few channels"
    assert not pays_by_dft(torch.empty(1, 24, 16, 16), kernel), "too few tiles"
    with torch.autocast("cpu", torch.bfloat16):
        assert not pays_by_dft(maps, kernel)
