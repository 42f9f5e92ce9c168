"""The cheaper forms of small convolutions equal these convolutions, forward and backward."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from gridctl_trainer.models.kernels.batch_norm import RectifiedBatchNorm
from gridctl_trainer.models.kernels.pointwise import convolve_pointwise
from gridctl_trainer.models.kernels.single_channel import convolve_to_one_channel
from gridctl_trainer.models.kernels.upsample import sum_upsampled


@pytest.mark.parametrize("size", [1, 3, 5])
@pytest.mark.parametrize("shape", [(2, 3, 6, 9), (1, 2, 1, 4)])
def test_a_single_channel_by_taps_is_the_convolution(size: int, shape: tuple[int, int, int, int]) -> None:
    torch.manual_seed(0)
    conv = nn.Conv2d(shape[1], 1, size, padding=size // 2).double()
    maps = torch.randn(shape, dtype=torch.float64, requires_grad=True)

    def gradients(result: Tensor) -> tuple[Tensor, ...]:
        weights = torch.linspace(-1, 1, result.numel(), dtype=torch.float64).view_as(result)
        return torch.autograd.grad((result * weights).sum(), (maps, *conv.parameters()))

    found, expected = convolve_to_one_channel(maps, conv, by_taps=True), conv(maps)
    torch.testing.assert_close(found, expected, atol=1e-12, rtol=0)
    torch.testing.assert_close(gradients(found), gradients(expected), atol=1e-12, rtol=0)
    assert torch.autograd.gradcheck(lambda m: convolve_to_one_channel(m, conv, by_taps=True), maps)


def test_a_pointwise_convolution_is_the_convolution() -> None:
    torch.manual_seed(0)
    maps = torch.randn(2, 3, 4, 5, dtype=torch.float64, requires_grad=True)
    weight, bias = torch.randn(6, 3, 1, 1, dtype=torch.float64), torch.randn(6, dtype=torch.float64)
    found = convolve_pointwise(maps, weight, bias)
    torch.testing.assert_close(found, functional.conv2d(maps, weight, bias), atol=1e-12, rtol=0)
    assert found.is_contiguous(memory_format=torch.channels_last)
    assert torch.autograd.gradcheck(lambda m: convolve_pointwise(m, weight, bias), maps)


@pytest.mark.parametrize("levels", [1, 3])
@pytest.mark.parametrize("size", [(8, 8), (16, 24)])
def test_a_sum_of_upsampled_maps_is_that_of_the_library(levels: int, size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    shapes = [(2, 3, size[0] >> n, size[1] >> n) for n in range(1, levels + 1)]
    sources = [torch.randn(shape, dtype=torch.float64, requires_grad=True) for shape in shapes]
    found = sum_upsampled(sources)
    each = (functional.interpolate(maps, size, mode="bilinear", align_corners=False) for maps in sources)
    expected = torch.stack(list(each)).sum(0)
    torch.testing.assert_close(found, expected, atol=1e-12, rtol=0)
    weights = torch.randn_like(expected)
    gradients = [torch.autograd.grad((result * weights).sum(), sources) for result in (found, expected)]
    torch.testing.assert_close(*gradients, atol=1e-12, rtol=0)


@pytest.mark.parametrize("channels", [3, 8, 16, 24])
@pytest.mark.parametrize("memory_format", [torch.channels_last, torch.contiguous_format])
@pytest.mark.parametrize("shape", [(4, 8, 16), (1, 3, 5)])
def test_a_rectified_batch_norm_is_a_relu_and_the_norm_of_the_library(
    channels: int, memory_format: torch.memory_format, shape: tuple[int, int, int]
) -> None:
    """They agree in values, gradients and statistics, in training and after it, even for odd numbers of pixels."""
    torch.manual_seed(0)
    library, ours = nn.BatchNorm2d(channels).double(), RectifiedBatchNorm(channels).double()
    nn.init.normal_(library.weight)
    nn.init.normal_(library.bias)
    ours.load_state_dict(library.state_dict())
    batch, height, width = shape
    for training in (True, True, False):
        library.train(training)
        ours.train(training)
        maps = torch.randn(batch, channels, height, width, dtype=torch.float64).contiguous(memory_format=memory_format)
        maps.requires_grad_()
        found, expected = ours(maps * 1), library(functional.relu(maps))
        weights = torch.randn_like(expected)
        torch.testing.assert_close(found, expected, atol=1e-12, rtol=0)
        gradients = [
            torch.autograd.grad((result * weights).sum(), (maps, *norm.parameters()))
            for result, norm in ((found, ours), (expected, library))
        ]
        torch.testing.assert_close(*gradients, atol=1e-11, rtol=0)
        torch.testing.assert_close(ours.state_dict(), library.state_dict(), atol=1e-12, rtol=0)
