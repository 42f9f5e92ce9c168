"""The logits of a minibatch that is scored, computed as fast as the network allows."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


def scored_logits(model: nn.Module, images: Tensor) -> Tensor:
    """What a network says of a minibatch.

    On a CPU large activations leave the cache, so that a network may be faster on a few images at once. One that says
    how many, by a method `images_at_once(height, width)`, gives the same logits for an image whatever it is scored
    with; minibatches of scores stay what `validation_batch_size` says.

    Args:
        model: In evaluation mode.
        images: (B, C, H, W), or (B, T, C, H, W), on the model's device.

    Returns:
        (B, K, H, W).
    """
    of_size = getattr(model, "images_at_once", None)
    most = of_size(*images.shape[-2:]) if callable(of_size) else None
    if most is None or images.device.type != "cpu" or len(images) <= most:
        logits: Tensor = model(images)
        return logits
    parts = torch.tensor_split(images, math.ceil(len(images) / most))  # never one alone: kernels differ there
    return torch.cat([model(part) for part in parts])
