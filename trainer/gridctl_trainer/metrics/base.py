"""What a metric receives and what it may return.

A metric is one function and the descriptor that names it, both in one module that imports no torch at its top. It
scores slices while a model trains, or whole volumes on the scanner's grid once it is trained:

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
    """One structure in the images of a minibatch: what a model says of it, and the truth.

    Attributes:
        logits: (B, H, W) float32, log odds that a pixel belongs to the structure; 0 is even odds.
        truth: (B, H, W) float32, 1 inside the structure and 0 elsewhere.
        predicted: (B, H, W) bool, the pixels that the model gives to it.
    """

    logits: Tensor
    truth: Tensor
    predicted: Tensor

    @cached_property
    def probabilities(self) -> Tensor:
        """(B, H, W) float32, in [0, 1]."""
        return self.logits.sigmoid()

    def __len__(self) -> int:
        return len(self.truth)


@dataclass(frozen=True, slots=True)
class Undefined:
    """In place of a number where a metric has none, such as a distance to a structure that is not there.

    Attributes:
        reason: In a few words; images are counted by it: `no truth`.
    """

    reason: str


BOTH_EMPTY: Final = Undefined("both empty")
"""The structure is neither in the truth nor in the prediction."""

NO_TRUTH: Final = Undefined("no truth")
NO_PREDICTION: Final = Undefined("no prediction")
NO_SPACING: Final = Undefined("spacing unknown")
"""A length or a volume of a scan that does not say how far apart its slices are."""
