"""The loss that is minimised (thesis 4.5)."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional


def bce_with_logits(logits: Tensor, masks: Tensor) -> Tensor:
    """Binary cross-entropy of logits, mean over all pixels of the minibatch.

    Args:
        logits: (B, 1, H, W).
        masks: (B, 1, H, W), 0 or 1.

    Returns:
        A scalar, shape ().
    """
    return functional.binary_cross_entropy_with_logits(logits, masks)
