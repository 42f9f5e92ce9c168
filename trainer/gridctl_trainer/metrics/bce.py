"""Binary cross-entropy of the probabilities (thesis 4.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gridctl_trainer.metrics.base import MetricDescriptor, SliceBatch

if TYPE_CHECKING:
    from torch import Tensor


def bce(images: SliceBatch) -> Tensor:
    """Binary cross-entropy of each image, the mean over its pixels, (B,)."""
    from torch.nn import functional

    entropy = functional.binary_cross_entropy_with_logits(images.logits, images.truth, reduction="none")
    return entropy.flatten(1).mean(1)


def bce_of_batch(images: SliceBatch) -> Tensor:
    """Binary cross-entropy of a minibatch, the mean over all its pixels, ()."""
    from torch.nn import functional

    return functional.binary_cross_entropy_with_logits(images.logits, images.truth)


BCE: Final = MetricDescriptor(
    label="BCE",
    definition="binary cross-entropy of the probabilities, mean over pixels, mean over slices",
    higher_is_better=False,
    low=0,
    function=bce,
    batch_function=bce_of_batch,
)
