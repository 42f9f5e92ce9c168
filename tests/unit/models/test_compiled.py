"""`torch.compile` works on either network."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from gridctl_trainer.contract.spec import NetworkSpec
from gridctl_trainer.models.registry import build_model
from tests.networks import gamma_net, unet

GAMMA_NET: dict[str, Any] = {"channels": (16, 2), "down_fgru_kernels": (7, 1), "up_fgru_kernels": (1,)}


@pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning")  # raised by torch's own tracer
@pytest.mark.parametrize(
    "spec", [unet(channels=(2, 3)), gamma_net(**GAMMA_NET, timesteps=2)], ids=["unet", "gamma_net"]
)
def test_the_compiler_sees_the_same_function_and_gradients(spec: NetworkSpec) -> None:
    """Forward and backward passes are traced completely; the backend is torch's concern."""
    torch.manual_seed(0)
    model = build_model(spec)
    images = torch.rand(2, 1, 64, 64)  # large enough for the Fourier transform of tiles
    compiled = torch.compile(model, backend="aot_eager", fullgraph=True)
    gradients = []
    for network in (model, compiled):
        model.zero_grad()
        network(images).square().mean().backward()
        gradients.append([parameter.grad.clone() for parameter in model.parameters() if parameter.grad is not None])
    torch.testing.assert_close(gradients[0], gradients[1], atol=1e-5, rtol=1e-4)
