"""The light U-Net has the right size and shapes, and its cheap order of upsampling is exact."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.nn import functional

from gridctl_trainer.contract.errors import SpecError
from gridctl_trainer.models.registry import build_model
from gridctl_trainer.models.unet.network import UNet
from tests.networks import unet


@pytest.mark.parametrize(("options", "parameters"), [({}, 454_505), ({"preset": "table"}, 700_985)], ids=str)
def test_number_of_parameters(options: dict[str, Any], parameters: int) -> None:
    assert sum(p.numel() for p in build_model(unet(**options)).parameters()) == parameters


@pytest.mark.parametrize("norm", ["batch", "instance", "none"])
@pytest.mark.parametrize("kernel_size", [1, 3, 5])
def test_logits_have_the_size_of_the_images(norm: str, kernel_size: int) -> None:
    spec = unet(**{"channels": (2, 3, 4), "norm": norm, "kernel_size": kernel_size})
    assert build_model(spec)(torch.rand(2, 1, 8, 12)).shape == (2, 1, 8, 12)


def test_it_equals_a_u_net_written_in_the_usual_order() -> None:
    """The order in the thesis's table A.2: upsample first, then reduce the channels."""
    torch.manual_seed(0)
    model = build_model(unet(channels=(2, 3, 4))).double().train()
    assert isinstance(model, UNet)
    images = torch.rand(2, 1, 8, 8, dtype=torch.float64)
    first = model.down[0](images)
    second = model.down[1](functional.max_pool2d(first, 2))
    third = model.down[2](functional.max_pool2d(second, 2))
    maps = model.narrow[1](functional.interpolate(third, scale_factor=2, mode="bilinear", align_corners=False))
    maps = model.up[1](torch.cat([maps, second], 1))
    maps = model.narrow[0](functional.interpolate(maps, scale_factor=2, mode="bilinear", align_corners=False))
    maps = model.up[0](torch.cat([maps, first], 1))
    torch.testing.assert_close(model(images), model.readout(maps), atol=1e-12, rtol=0)


def test_gradients_against_finite_differences() -> None:
    torch.manual_seed(0)
    model = build_model(unet(channels=(2, 2))).double().train()
    images = torch.rand(2, 1, 4, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(model, (images,))


def test_a_size_that_cannot_be_halved_is_one_clear_error() -> None:
    with pytest.raises(SpecError, match="40x40 px do not fit a network of 5 levels") as raised:
        build_model(unet())(torch.rand(1, 1, 40, 40))
    assert "multiple of 16" in raised.value.problems[0].fix


def test_the_start_depends_on_the_seed_alone() -> None:
    def start(seed: int) -> torch.Tensor:
        torch.manual_seed(seed)
        return build_model(unet()).readout.weight  # type: ignore[union-attr,return-value]

    assert torch.equal(start(1), start(1))
    assert not torch.equal(start(1), start(2))
