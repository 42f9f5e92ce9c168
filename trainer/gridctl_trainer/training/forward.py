"""Computes the logits of a minibatch that is scored, as fast as the network allows."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


def scored_logits(model: nn.Module, images: Tensor) -> Tensor:
    """Compute a network's logits for a minibatch.

    On a CPU, large activations do not fit into the cache, so a network may be faster on a few images at once. A network
    says how many with a method `images_at_once(height, width)`; its logits for an image must not depend on the other
    images. This does not change the minibatches that scores refer to, which have `validation_batch_size` images.

    Args:
        model: The network, in evaluation mode.
        images: (B, C, H, W), or (B, T, C, H, W), on the model's device.

    Returns:
        Logits, (B, K, H, W).
    """
    of_size = getattr(model, "images_at_once", None)
    most = of_size(*images.shape[-2:]) if callable(of_size) else None
    if most is None or images.device.type != "cpu" or len(images) <= most:
        logits: Tensor = model(images)
        return logits
    parts = torch.tensor_split(images, math.ceil(len(images) / most))  # no part is a single image: kernels differ there
    return torch.cat([model(part) for part in parts])
