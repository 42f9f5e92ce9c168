"""What a metric receives and what it may return.

A metric is a function and the descriptor that names it. Their module must not import torch at its top level. A metric
scores either slices while a model trains, or whole volumes on the scanner's grid after training:

    def brier(images: SliceBatch) -> Tensor: ...

    BRIER = MetricDescriptor(label="Brier", higher_is_better=False, low=0, high=1, function=brier)

    def extra_ml(volume: CaseVolume) -> float | Undefined: ...

    EXTRA_ML = MetricDescriptor(label="extra", unit="ml", higher_is_better=False, level="case", function=extra_ml)
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from gridctl_trainer.metrics.volumes import CaseVolume, PatientVolumes
from gridctl_trainer.plugins.metric import MetricDescriptor

if TYPE_CHECKING:
    from torch import Tensor

__all__ = [
    "BOTH_EMPTY",
    "NO_PREDICTION",
    "NO_SPACING",
    "NO_TRUTH",
    "CaseVolume",
    "MetricDescriptor",
    "PatientVolumes",
    "SliceBatch",
    "Undefined",
]


@dataclass(frozen=True)
class SliceBatch:
    """The prediction and the truth for one structure in the images of a minibatch.

    Attributes:
        logits: (B, H, W) float32, the log odds that a pixel belongs to the structure; 0 is even odds.
        truth: (B, H, W) float32, 1 inside the structure and 0 elsewhere.
        predicted: (B, H, W) bool, the pixels that the model assigns to the structure.
    """

    logits: Tensor
    truth: Tensor
    predicted: Tensor

    @cached_property
    def probabilities(self) -> Tensor:
        """The probability that a pixel belongs to the structure, (B, H, W) float32 in [0, 1]."""
        return self.logits.sigmoid()

    def __len__(self) -> int:
        return len(self.truth)


@dataclass(frozen=True, slots=True)
class Undefined:
    """What a metric returns if it has no value, such as the distance to a structure that is absent.

    Attributes:
        reason: Why there is no value, in a few words, such as `no truth`. Images are counted by reason.
    """

    reason: str


BOTH_EMPTY: Final = Undefined("both empty")
"""The structure is neither in the truth nor in the prediction."""

NO_TRUTH: Final = Undefined("no truth")
NO_PREDICTION: Final = Undefined("no prediction")
NO_SPACING: Final = Undefined("spacing unknown")
"""A length or volume cannot be computed, because the scan does not say how far apart its slices are."""
