"""The loss that training minimises, as the specification names it."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from gridctl_trainer.contract.spec import LossSpec
from gridctl_trainer.training.losses.cross_entropy import cross_entropy
from gridctl_trainer.training.losses.dice import dice_loss
from gridctl_trainer.training.losses.focal import focal_loss
from gridctl_trainer.training.losses.pixel_scores import PixelScores


class Objective:
    """The loss that training minimises; by default, cross-entropy (thesis 4.5).

    Args:
        loss: The name of the loss, and its options.
        target: The segmented structures, in the order of the classes.
    """

    def __init__(self, loss: LossSpec, target: Sequence[str]) -> None:
        self._loss = loss
        self._weights = loss.weights(target)

    def __call__(self, logits: Tensor, masks: Tensor, outlined: Tensor | None = None) -> Tensor:
        """The loss of a minibatch.

        Args:
            logits: (B, 1, H, W), or (B, 1 + K, H, W) for K > 1 structures, the background first.
            masks: (B, 1, H, W) with 0 and 1; or (B, H, W) int64, 0 for the background, else the number of a structure,
                from 1.
            outlined: (B, K) bool, whether each structure was annotated on each image; None if everything was.

        Returns:
            A scalar, shape ().
        """
        loss, scores = self._loss, PixelScores(logits, masks, outlined)
        if loss.name == "bce":
            return cross_entropy(scores, self._weights)
        if loss.name == "focal":
            return focal_loss(scores, self._weights, gamma=loss.gamma, alpha=loss.alpha)
        dice = dice_loss(scores, self._weights, smoothing=loss.smoothing, batch_dice=loss.batch_dice)
        if loss.name == "dice":
            return dice
        return loss.dice_weight * dice + loss.bce_weight * cross_entropy(scores, self._weights)
