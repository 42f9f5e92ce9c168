"""Counts the memory that training a network takes at least: its weights, and what a forward pass keeps."""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor, nn

from gridctl_trainer.contract.spec import NetworkSpec, OptimizerSpec
from gridctl_trainer.plugins.model import options_of
from gridctl_trainer.training.optimization.optimizer import moments_of

_FLOAT_BYTES: Final = 4
_ARRAYS: Final = 2
"""Weights and gradients."""


class TooMuchKeptError(Exception):
    """A forward pass has already kept more than it may."""


class KeptTensors:
    """Adds up the size of what a forward pass keeps for the backward pass.

    Args:
        model: The network. Its weights do not count.
        most_bytes: If the sum is larger than this, the forward pass ends with a `TooMuchKeptError`.

    Attributes:
        size_bytes: The sum so far.
    """

    def __init__(self, model: nn.Module, most_bytes: float = math.inf) -> None:
        self._weights = {parameter.untyped_storage()._cdata for parameter in model.parameters()}
        self._most_bytes = most_bytes
        self._sizes: dict[int, int] = {}
        self.size_bytes = 0

    def noted(self) -> torch.autograd.graph.saved_tensors_hooks:
        """The context of the forward pass."""
        return torch.autograd.graph.saved_tensors_hooks(self._keep, lambda tensor: tensor)

    def _keep(self, tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage._cdata not in self._weights:
            self.size_bytes += storage.nbytes() - self._sizes.get(storage._cdata, 0)
            self._sizes[storage._cdata] = storage.nbytes()
            if self.size_bytes > self._most_bytes:
                raise TooMuchKeptError
        return tensor


def weights_bytes(model: nn.Module, optimizer: OptimizerSpec) -> int:
    """Size of the weights, their gradients and what the optimizer keeps for each."""
    number = sum(parameter.numel() for parameter in model.parameters())
    return (_ARRAYS + moments_of(optimizer)) * _FLOAT_BYTES * number


def shape_of_batch(spec: NetworkSpec, size_px: int, images: int, channels: int = 1) -> tuple[int, ...]:
    """The shape of a batch as the network reads it: (B, C, H, W), or (B, T, C, H, W) for series."""
    frames = options_of(spec).series_frames
    return (images, *((frames,) if frames > 1 else ()), channels, size_px, size_px)
