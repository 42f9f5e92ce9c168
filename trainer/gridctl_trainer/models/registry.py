"""From what a specification says of a network to the network."""

from __future__ import annotations

import torch
from torch import nn

from gridctl_trainer.contract.network import GammaNetSpec, NetworkSpec
from gridctl_trainer.models.gamma_net.network import GammaNet
from gridctl_trainer.models.unet import UNet


def build_model(spec: NetworkSpec) -> nn.Module:
    """Build the network with fresh weights drawn from torch's generator.

    Args:
        spec: Which network, and its options.

    Returns:
        A module that maps (B, 1, H, W) images to (B, 1, H, W) logits, its kernels laid out
        channels last: convolutions run faster so on a CPU and on tensor cores alike.
    """
    network: nn.Module = GammaNet(spec) if isinstance(spec, GammaNetSpec) else UNet(spec)
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]
