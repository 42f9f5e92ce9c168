"""What a minibatch says of its pixels, of one structure or several, as every loss reads it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True)
class PixelScores:
    """Logits of a minibatch beside its truth.

    Of an image on which a structure was not outlined nobody knows which of its background belongs to that structure:
    there the background stands for itself and for all structures that were not outlined (the marginal loss of Shi et
    al. 2021), so no pixel is trained towards or away from them.

    Attributes:
        logits: (B, 1, H, W), or (B, 1 + K, H, W) for K > 1 structures, the background first.
        masks: (B, 1, H, W), 0 or 1; or (B, H, W) int64: 0 background, else the number of a structure, from 1.
        outlined: (B, K) bool, which structures were outlined on which image, at least one on each; None for all.
    """

    logits: Tensor
    masks: Tensor
    outlined: Tensor | None = None

    @property
    def binary(self) -> bool:
        """Whether there is one structure alone."""
        return self.logits.shape[1] == 1

    @cached_property
    def log_probabilities(self) -> Tensor:
        """(B, 1 + K, H, W): of the background and of each structure; -inf of one that was not outlined."""
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
        """(B, H, W) int64: 0 background, else the number of a structure, from 1."""
        return self.masks[:, 0].long() if self.masks.ndim == 4 else self.masks

    @cached_property
    def probabilities(self) -> Tensor:
        """(B, K, H, W), of each structure."""
        return self.logits.sigmoid() if self.binary else self.logits.softmax(1)[:, 1:]

    @cached_property
    def truth(self) -> Tensor:
        """(B, K, H, W), 1 inside each structure and 0 elsewhere."""
        if self.masks.ndim == 4:
            return self.masks
        one_hot = functional.one_hot(self.masks, self.logits.shape[1])
        return one_hot[..., 1:].movedim(-1, 1).to(self.logits.dtype)
