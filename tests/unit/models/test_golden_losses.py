"""Pins ten training steps of both models on fixed data, so that a change that moves the losses must say so.

After a change that is meant to move them, run this file with GRIDCTL_UPDATE_GOLDEN=1.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import torch

from gridctl_trainer.contract.spec import NetworkSpec
from gridctl_trainer.models.registry import build_model
from gridctl_trainer.training.losses.cross_entropy import bce_with_logits
from tests.networks import gamma_net, unet

GOLDEN = Path(__file__).parents[2] / "assets" / "golden_losses.json"
NETWORKS: dict[str, NetworkSpec] = {
    "unet": unet(),
    "gamma_net": gamma_net(),
    "gamma_net_table": gamma_net(preset="table", timesteps=1),
    "gamma_net_thesis": gamma_net(gate="sigmoid", shared_kernel=True, inhibition_relu=False, eta=True, skip="before"),
}


def batches() -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Bright discs on a gradient, drawn without a random generator, so that they do not depend on the torch version."""
    axis = torch.linspace(-1, 1, 32)
    rows, columns = torch.meshgrid(axis, axis, indexing="ij")
    found = []
    for step in range(10):
        masks = [((rows - 0.1 * i) ** 2 + (columns + 0.05 * step) ** 2 < 0.1 + 0.02 * step).float() for i in (-1, 1)]
        mask = torch.stack(masks)[:, None]
        found.append((0.3 * rows + 0.6 * mask + 0.1 * torch.sin(20 * columns), mask))
    return found


def in_double(spec: NetworkSpec) -> torch.nn.Module:
    """A network with initial weights in double, as the last digit of a float32 depends on the processor."""
    torch.set_default_dtype(torch.float64)
    try:
        return build_model(spec).double()
    finally:
        torch.set_default_dtype(torch.float32)


def losses(spec: NetworkSpec) -> list[float]:
    torch.set_num_threads(1)
    torch.manual_seed(42)
    model = in_double(spec).train()  # in float32, Adam turns a last digit into a tenth of a percent in ten steps
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    taken = []
    for images, masks in batches():
        optimizer.zero_grad()
        loss = bce_with_logits(model(images.double()), masks.double())
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        taken.append(loss.item())
    return taken


@pytest.mark.parametrize("name", NETWORKS)
def test_losses_are_those_that_were_checked_in(name: str) -> None:
    taken = losses(NETWORKS[name])
    golden = json.loads(GOLDEN.read_text()) if GOLDEN.exists() else {}
    if os.environ.get("GRIDCTL_UPDATE_GOLDEN"):
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(json.dumps({**golden, name: [round(loss, 9) for loss in taken]}, indent=1) + "\n")
        return
    assert taken == pytest.approx(golden[name], rel=1e-5)
    assert taken[-1] < taken[0]
