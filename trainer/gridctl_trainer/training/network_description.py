"""Describes the layers of a network and the resources that training it takes, without training it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from gridctl_trainer.contract.spec import NetworkSpec, OptimizerSpec
from gridctl_trainer.models.registry import build_model
from gridctl_trainer.plugins.model import options_of
from gridctl_trainer.training.losses.cross_entropy import bce_with_logits
from gridctl_trainer.training.optimization.optimizer import state_of
from gridctl_trainer.training.training_memory import KeptTensors, shape_of_batch, weights_bytes


@dataclass(frozen=True, slots=True)
class LayerDescription:
    """One part of a network.

    Attributes:
        name: Its name in the state dict.
        kind: Name of its class.
        output_shape: Shape of the output of its last call, including the batch.
        calls: Number of calls in one forward pass.
        parameters: Number of its learned parameters.
        forward_flops: Floating-point operations of all its calls. A multiply-add counts as two.
    """

    name: str
    kind: str
    output_shape: tuple[int, ...]
    calls: int
    parameters: int
    forward_flops: int


@dataclass(frozen=True, slots=True)
class NetworkDescription:
    """A network at one image size and batch size.

    Attributes:
        architecture: Name of the network.
        batch_size, size_px, timesteps: What it was described for. A network without timesteps has 1.
        parameters: Number of learned parameters.
        forward_flops, training_flops: Floating-point operations of one step, counting a multiply-add as two. Training
            is the forward and backward pass.
        optimizer: Name of the optimizer.
        optimizer_state: What the optimizer keeps for each weight, in words; empty for nothing.
        weights_bytes: Size of weights, gradients and the optimizer's state, in float32.
        activation_bytes: Size of what the forward pass keeps for the backward pass, in float32.
        layers: The layers in the order of their first call.
    """

    architecture: str
    batch_size: int
    size_px: int
    timesteps: int
    parameters: int
    forward_flops: int
    training_flops: int
    optimizer: str
    optimizer_state: str
    weights_bytes: int
    activation_bytes: int
    layers: tuple[LayerDescription, ...]

    @property
    def training_bytes(self) -> int:
        """Weights and activations together, the minimum that training needs on a device."""
        return self.weights_bytes + self.activation_bytes

    def to_json(self) -> dict[str, Any]:
        """The description as `--json` prints it."""
        return {**asdict(self), "training_bytes": self.training_bytes}


def describe(
    spec: NetworkSpec, size_px: int, batch_size: int, optimizer: OptimizerSpec | None = None
) -> NetworkDescription:
    """Describe a network by a forward and backward pass on tensors without content.

    Args:
        spec: The network.
        size_px: Side of the square images.
        batch_size: Images per step.
        optimizer: The optimizer that trains it; None for Adam.

    Raises:
        SpecError: The size does not fit the network.
    """
    optimizer = optimizer or OptimizerSpec()
    model, images = _without_content(spec, size_px, batch_size)
    layers = dict(_layers(model))
    calls: dict[str, int] = defaultdict(int)
    shapes: dict[str, tuple[int, ...]] = {}
    handles = []
    for name, layer in layers.items():

        def note(_layer: nn.Module, _inputs: object, output: Tensor, name: str = name) -> None:
            calls[name] += 1
            shapes[name] = tuple(output.shape)

        handles.append(layer.register_forward_hook(note))
    forward = FlopCounterMode(display=False)
    kept = KeptTensors(model)
    with forward, kept.noted():
        logits = model(images)
    for handle in handles:
        handle.remove()
    training = FlopCounterMode(display=False)
    with training:
        loss = bce_with_logits(model(images), torch.zeros_like(logits))
        loss.backward()  # type: ignore[no-untyped-call]
    counted = forward.get_flop_counts()
    prefix = type(model).__name__
    number = sum(parameter.numel() for parameter in model.parameters())
    return NetworkDescription(
        architecture=spec.architecture,
        batch_size=batch_size,
        size_px=size_px,
        timesteps=_timesteps(spec),
        parameters=number,
        forward_flops=int(forward.get_total_flops()),
        training_flops=int(training.get_total_flops()),
        optimizer=optimizer.name,
        optimizer_state=state_of(optimizer),
        weights_bytes=weights_bytes(model, optimizer),
        activation_bytes=kept.size_bytes,
        layers=tuple(
            LayerDescription(
                name=name,
                kind=type(layers[name]).__name__,
                output_shape=shapes[name],
                calls=calls[name],
                parameters=sum(parameter.numel() for parameter in layers[name].parameters()),
                forward_flops=sum(counted.get(f"{prefix}.{name}", {}).values()),
            )
            for name in calls
        ),
    )


def _without_content(spec: NetworkSpec, size_px: int, batch_size: int) -> tuple[nn.Module, Tensor]:
    """The network and a batch of images, with the right shapes but without memory."""
    with torch.device("meta"):
        return build_model(spec).train(), torch.empty(shape_of_batch(spec, size_px, batch_size))


def _timesteps(spec: NetworkSpec) -> int:
    """The value of the network's option `timesteps`; 1 if it has none."""
    found = getattr(options_of(spec), "timesteps", 1)
    return found if isinstance(found, int) else 1


def _layers(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """The parts that a figure of the network would show: the items of its module lists, and its other children."""
    for name, child in model.named_children():
        if isinstance(child, nn.ModuleList):
            yield from ((f"{name}.{index}", item) for index, item in enumerate(child))
        else:
            yield name, child
