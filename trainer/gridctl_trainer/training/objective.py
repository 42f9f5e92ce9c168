"""The loss that is minimised (thesis 4.5)."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional


def objective(logits: Tensor, masks: Tensor) -> Tensor:
    """What training makes small: cross-entropy, of one structure binary, of several with the background as a class.

    Args:
        logits: (B, 1, H, W), or (B, 1 + K, H, W) for K > 1 structures, the background first.
        masks: (B, 1, H, W), 0 or 1; or (B, H, W) int64: 0 background, else the number of a structure, from 1.

    Returns:
        A scalar, shape ().
    """
    return bce_with_logits(logits, masks) if masks.ndim == 4 else functional.cross_entropy(logits, masks)


def bce_with_logits(logits: Tensor, masks: Tensor) -> Tensor:
    """Binary cross-entropy of logits, mean over all pixels of the minibatch.

    Args:
        logits: (B, 1, H, W).
        masks: (B, 1, H, W), 0 or 1.

    Returns:
        A scalar, shape ().
    """
    return functional.binary_cross_entropy_with_logits(logits, masks)
