"""The logits and the truth of a minibatch, in the forms that the losses need, for one structure or several."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True)
class PixelScores:
    """The logits of a minibatch and its truth.

    If a structure was not annotated on an image, any pixel of its background may belong to the structure. In such an
    image, the background stands for itself and for all structures that were not annotated (the marginal loss of Shi et
    al. 2021), so no pixel is trained towards or away from them.

    Attributes:
        logits: (B, 1, H, W), or (B, 1 + K, H, W) for K > 1 structures, the background first.
        masks: (B, 1, H, W) with 0 and 1; or (B, H, W) int64, 0 for the background, else the number of a structure,
            from 1.
        outlined: (B, K) bool, whether each structure was annotated on each image, at least one on each; None if
            everything was.
    """

    logits: Tensor
    masks: Tensor
    outlined: Tensor | None = None

    @property
    def binary(self) -> bool:
        """Whether there is only one structure."""
        return self.logits.shape[1] == 1

    @cached_property
    def log_probabilities(self) -> Tensor:
        """Log probabilities of the background and each structure, (B, 1 + K, H, W); -inf if it was not annotated."""
        if self.binary:
            return torch.cat([functional.logsigmoid(-self.logits), functional.logsigmoid(self.logits)], dim=1)
        found = functional.log_softmax(self.logits, dim=1)
        if self.outlined is None:
            return found
        hidden = ~self.outlined[:, :, None, None]
        first = torch.ones_like(hidden[:, :1])
        background = found.masked_fill(~torch.cat([first, hidden], dim=1), -math.inf).logsumexp(1, keepdim=True)
        return torch.cat([background, found[:, 1:].masked_fill(hidden, -math.inf)], dim=1)

    @cached_property
    def classes(self) -> Tensor:
        """The true classes, (B, H, W) int64: 0 for the background, else the number of a structure, from 1."""
        return self.masks[:, 0].long() if self.masks.ndim == 4 else self.masks

    @cached_property
    def probabilities(self) -> Tensor:
        """The probabilities of each structure, (B, K, H, W)."""
        return self.logits.sigmoid() if self.binary else self.logits.softmax(1)[:, 1:]

    @cached_property
    def truth(self) -> Tensor:
        """The truth of each structure, (B, K, H, W), 1 inside the structure and 0 elsewhere."""
        if self.masks.ndim == 4:
            return self.masks
        one_hot = functional.one_hot(self.masks, self.logits.shape[1])
        return one_hot[..., 1:].movedim(-1, 1).to(self.logits.dtype)
