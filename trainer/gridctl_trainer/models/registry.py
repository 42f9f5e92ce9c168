"""Builds the network that a specification names."""

from __future__ import annotations

import torch
from torch import nn

from gridctl_trainer.contract.spec.network import NetworkSpec
from gridctl_trainer.plugins.entry_points import PluginError
from gridctl_trainer.plugins.model import builder_of, options_of


def build_model(network: NetworkSpec, in_channels: int = 1, classes: int = 1) -> nn.Module:
    """Build a network with new weights from torch's random generator.

    Args:
        network: The network and its options.
        in_channels: C, the channels of its images.
        classes: K, the channels of its logits: 1 for one structure; otherwise all structures and the background.

    Returns:
        A module that maps (B, C, H, W) images to (B, K, H, W) logits. Its kernels are laid out channels last, because
        convolutions are then faster on CPUs and on tensor cores.

    Raises:
        PluginError: There is no such model, it cannot be imported, or its builder does not return a torch module.
        SpecError: An option is unknown or not valid.
    """
    options = options_of(network)
    built = builder_of(network)(options, in_channels=in_channels, classes=classes)
    if not isinstance(built, nn.Module):
        raise PluginError(
            f"the model '{network.architecture}' builds a {type(built).__name__}, not a torch module",
            where=network.architecture,
            fix="have it return a torch.nn.Module",
        )
    return built.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]
