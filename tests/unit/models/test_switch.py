"""Models computed by their equations and by fast kernels have the same values and gradients."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
import torch

from gridctl_trainer.models.gamma_net.fgru import FGRU
from gridctl_trainer.models.gamma_net.network import GammaNet
from gridctl_trainer.models.gamma_net.options import GammaNetOptions
from gridctl_trainer.models.kernels.switch import Kernel, chosen, equations_only
from gridctl_trainer.models.unet.network import UNet
from gridctl_trainer.models.unet.options import UNetOptions

WIDE: dict[str, Any] = {"channels": (16, 16), "down_fgru_kernels": (7, 3), "up_fgru_kernels": (7,)}
"""Enough channels for tiles to be transformed on images of 64 px."""
GAMMA_NETS: tuple[dict[str, Any], ...] = (
    {},
    {"gate": "sigmoid", "symmetric": True, "eta": True, "shared_kernel": True},
    {"attention": False, "inhibition_relu": False, "norm": "none"},
    {"skip": "before", "timesteps": 3, "convs_per_block": 2},
)
UNETS: tuple[dict[str, Any], ...] = ({}, {"norm": "instance"}, {"norm": "none", "preset": "table"})


def built(kind: str, options: dict[str, Any]) -> torch.nn.Module:
    torch.manual_seed(3)
    return (
        GammaNet(GammaNetOptions(**WIDE, **options))
        if kind == "gamma_net"
        else UNet(UNetOptions(channels=(8, 16), **options))
    )


def output_and_gradients(model: torch.nn.Module, images: torch.Tensor) -> list[torch.Tensor]:
    logits = model(images)
    (logits * torch.linspace(-1, 1, logits.numel(), dtype=logits.dtype).view_as(logits)).sum().backward()
    return [logits.detach(), *(parameter.grad for parameter in model.parameters() if parameter.grad is not None)]


@pytest.mark.parametrize(
    ("kind", "options"),
    [*(("gamma_net", options) for options in GAMMA_NETS), *(("unet", options) for options in UNETS)],
    ids=str,
)
def test_kernels_equal_the_equations(kind: str, options: dict[str, Any]) -> None:
    """Compare in double precision, relative to the largest number; biases before norms have only noise as gradients."""
    torch.manual_seed(4)
    images = torch.rand(2, 1, 64, 64, dtype=torch.float64)
    by_kernels = output_and_gradients(built(kind, options).double(), images)
    with equations_only():
        by_equations = output_and_gradients(built(kind, options).double(), images)
    largest = max(float(gradient.abs().max()) for gradient in by_equations[1:])
    for ours, reference in zip(by_kernels, by_equations, strict=True):
        assert farthest(ours, reference) <= 1e-9 * max(float(reference.abs().max()), 1e-3 * largest)


@pytest.mark.parametrize("options", GAMMA_NETS, ids=str)
@pytest.mark.parametrize("first", [True, False])
def test_one_step_in_single_precision(options: dict[str, Any], first: bool) -> None:
    """Compare one fGRU, because over many steps rounding errors grow and flip single ReLUs."""
    torch.manual_seed(3)
    unit = FGRU(16, 7, GammaNetOptions(**WIDE, **options))
    drive, hidden = torch.rand(2, 16, 64, 64), None if first else torch.rand(2, 16, 64, 64)

    def computed() -> list[torch.Tensor]:
        unit.zero_grad()
        state = unit(drive, hidden, 0)
        state.square().mean().backward()
        gradients = [parameter.grad for parameter in unit.parameters() if parameter.grad is not None]
        return [state.detach(), *(gradient.clone() for gradient in gradients)]

    by_kernels = computed()
    with equations_only():
        by_equations = computed()
    if first:  # by the equations, a state of zeros has gradients, which are zero
        by_equations = [each for each in by_equations if each.any()]
        by_kernels = [each for each in by_kernels if each.any()]
    largest = max(float(gradient.abs().max()) for gradient in by_equations[1:])
    assert len(by_kernels) == len(by_equations)
    for ours, reference in zip(by_kernels, by_equations, strict=True):
        assert farthest(ours, reference) <= 1e-5 * max(float(reference.abs().max()), largest)


def farthest(ours: torch.Tensor, reference: torch.Tensor) -> float:
    return float((ours - reference).abs().max())


def test_the_switch_goes_back_also_after_an_error() -> None:
    maps = torch.zeros(1, 1, 2, 2)
    with equations_only():
        assert not any(chosen(kernel, maps) for kernel in Kernel)
    with contextlib.suppress(KeyError), equations_only():
        raise KeyError
    assert all(chosen(kernel, maps) for kernel in Kernel)
