"""A prepared set as training reads it, minibatch by minibatch."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gridctl_trainer.preprocessing.prepared import PreparedSet


@dataclass(frozen=True, slots=True)
class ImageTensors:
    """Images and masks; those of a prepared set stay where they are, mapped from a pack's file.

    Attributes:
        images: (M, C, H, W) float32, or (M, T, C, H, W) for a network that reads series.
        masks: (M, 1, H, W), 0 or 1; or, where several structures are segmented, (M, H, W): 0 background, else their
            number from 1.
        rows: (N,) int64: which of them belong to the set; None for all.
        outlined: (M, K) bool: on which images each structure was outlined; None for all on all.
    """

    images: Tensor
    masks: Tensor
    rows: Tensor | None = None
    outlined: Tensor | None = None

    @classmethod
    def of(cls, prepared: PreparedSet) -> ImageTensors:
        """Add the channel axis, copying nothing. Series of one frame become images."""
        series, masks = torch.from_numpy(prepared.all_series), torch.from_numpy(prepared.all_masks)
        if series.ndim == 5:
            images = series[:, 0] if series.shape[1] == 1 else series
        else:
            images = series if series.shape[1] == 1 else series[:, :, None]
        outlined = prepared.all_outlined
        return cls(
            images,
            masks[:, None] if len(prepared.target) == 1 else masks,
            torch.from_numpy(prepared.rows),
            None if outlined is None else torch.from_numpy(outlined),
        )

    def __len__(self) -> int:
        return len(self.images) if self.rows is None else len(self.rows)

    def batch(self, chosen: Tensor | slice) -> tuple[Tensor, Tensor]:
        """Some images and their masks, copied.

        Args:
            chosen: Which, counted from 0 within the set.

        Returns:
            Images (B, C, H, W) or (B, T, C, H, W) float32; masks (B, 1, H, W) float32, or (B, H, W) int64 of several
            structures.
        """
        rows: Tensor | slice = chosen if self.rows is None else self.rows[chosen]
        masks = self.masks[rows]
        return self.images[rows], masks.float() if masks.ndim == 4 else masks.long()

    def outlined_on(self, chosen: Tensor) -> Tensor | None:
        """Which structures were outlined on some images, (B, K) bool; None where nothing was left out of any."""
        if self.outlined is None:
            return None
        found = self.outlined[chosen if self.rows is None else self.rows[chosen]]
        return None if bool(found.all()) else found
