"""`describe` gives counts that can be checked by hand, and the memory that torch really keeps."""

from __future__ import annotations

import io

import pytest
import torch
from rich.console import Console

from gridctl_trainer.cli.description_options import described_network, described_optimizer
from gridctl_trainer.cli.description_view import print_description
from gridctl_trainer.contract.errors import SpecError
from gridctl_trainer.contract.spec import NetworkSpec
from gridctl_trainer.models.registry import build_model
from gridctl_trainer.plugins.registry import UnknownPluginError
from gridctl_trainer.training.network_description import describe
from tests.networks import gamma_net, unet


def test_flops_of_a_network_that_can_be_counted_by_hand() -> None:
    found = describe(unet(channels=(2, 3), convs_per_block=1), size_px=8, batch_size=1)
    multiply_adds = 64 * 2 * 9 + 16 * 3 * 2 * 9 + 16 * 2 * 3 + 64 * 2 * 4 * 9 + 64 * 2
    assert found.forward_flops == 2 * multiply_adds
    assert found.training_flops == 2 * (3 * multiply_adds - 64 * 2 * 9), "the image needs no gradient"
    assert {layer.name: layer.output_shape for layer in found.layers} == {
        "down.0": (1, 2, 8, 8),
        "down.1": (1, 3, 4, 4),
        "narrow.0": (1, 2, 4, 4),
        "up.0": (1, 2, 8, 8),
        "readout": (1, 1, 8, 8),
    }


@pytest.mark.parametrize(
    "spec",
    [unet(), gamma_net(), gamma_net(timesteps=3), gamma_net(temporal=True)],
    ids=["unet", "T2", "T3", "temporal"],
)
def test_layers_add_up_to_the_network(spec: NetworkSpec) -> None:
    found = describe(spec, size_px=32, batch_size=2)
    assert found.parameters == sum(parameter.numel() for parameter in build_model(spec).parameters())
    assert sum(layer.parameters for layer in found.layers) == found.parameters
    assert sum(layer.forward_flops for layer in found.layers) == found.forward_flops


def test_each_frame_of_a_series_is_seen_by_the_first_block() -> None:
    """A layer that sees the same image at every timestep runs once."""
    still, moving = (describe(gamma_net(temporal=temporal), size_px=32, batch_size=2) for temporal in (False, True))
    first = next(layer.forward_flops for layer in still.layers if layer.name == "down.0")
    assert moving.forward_flops - still.forward_flops == first
    assert moving.activation_bytes > still.activation_bytes


def test_operations_of_a_recurrent_step_are_all_counted() -> None:
    """In training, every product occurs three times, except products with the image, which needs no gradient."""
    found = describe(gamma_net(timesteps=1, attention=False), size_px=32, batch_size=1)
    image = next(layer.forward_flops for layer in found.layers if layer.name == "down.0")
    assert found.training_flops == 3 * found.forward_flops - image


@pytest.mark.parametrize("spec", [unet(), gamma_net()], ids=["unet", "gamma_net"])
def test_activation_memory_is_what_torch_keeps(spec: NetworkSpec) -> None:
    """The memory equals that of the storages that a real forward pass saves on this machine."""
    model = build_model(spec).train()
    weights = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    kept: dict[int, torch.UntypedStorage] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        model(torch.rand(2, 1, 48, 48))
    real = sum(storage.nbytes() for storage in kept.values())
    assert describe(spec, size_px=48, batch_size=2).activation_bytes == pytest.approx(real, rel=0.05)


def test_all_mistakes_of_the_options_at_once() -> None:
    with pytest.raises(SpecError) as raised:
        described_network("unet", ["chanels=[8]", "kernel_size=2", "norm=group"])
    assert [problem.where for problem in raised.value.problems] == ["--set kernel_size", "--set norm", "--set chanels"]
    assert "channels" in raised.value.problems[0].fix
    with pytest.raises(UnknownPluginError, match="unknown model 'u-net'"):
        described_network("u-net", [])


def test_options_are_those_of_an_experiment_file() -> None:
    assert described_network("gamma_net", ["timesteps=4", "preset=table"]) == gamma_net(timesteps=4, preset="table")


@pytest.mark.parametrize(
    ("assignments", "optimizer", "said", "arrays"),
    [
        ([], None, "weights, gradients and Adam's two moments (float32)", 4),
        (["preset=strong"], None, "weights, gradients and AdamW's two moments (float32)", 4),
        (["preset=strong"], "sgd", "weights, gradients and the momentum of SGD (float32)", 3),
        ([], '{"name": "sgd", "momentum": 0}', "weights and gradients; SGD keeps nothing of them (float32)", 2),
        ([], '{"name": "adam", "amsgrad": true}', "Adam's two moments and the largest second one (float32)", 5),
    ],
    ids=str,
)
def test_memory_names_what_the_optimizer_keeps(
    assignments: list[str], optimizer: str | None, said: str, arrays: int
) -> None:
    trains = described_optimizer("unet", assignments, optimizer)
    found = describe(described_network("unet", assignments), 32, 2, trains)
    shown = io.StringIO()
    print_description(found, 11, Console(file=shown, width=200))
    assert said in shown.getvalue()
    assert found.weights_bytes == arrays * 4 * found.parameters


def test_an_optimizer_that_is_none_is_refused() -> None:
    with pytest.raises(SpecError, match="--optimizer name"):
        described_optimizer("unet", [], "adagrad")
    with pytest.raises(SpecError, match="nesterov"):
        described_optimizer("unet", [], '{"name": "adam", "nesterov": true}')
