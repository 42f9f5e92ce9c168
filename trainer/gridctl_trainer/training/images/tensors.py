"""A prepared set as tensors, which training reads minibatch by minibatch."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gridctl_trainer.preprocessing.prepared import PreparedSet


@dataclass(frozen=True, slots=True)
class ImageTensors:
    """Images and masks. A prepared set's are not copied: they stay mapped from the pack's file.

    Attributes:
        images: (M, C, H, W) float32, or (M, T, C, H, W) for a network that reads series.
        masks: (M, 1, H, W) with 0 and 1 for one structure; (M, H, W) for several, with 0 for the background and the
            number of the structure, from 1.
        rows: (N,) int64, the indices of the images that belong to the set; None for all.
        outlined: (M, K) bool, whether each structure was annotated on each image; None if everything was.
    """

    images: Tensor
    masks: Tensor
    rows: Tensor | None = None
    outlined: Tensor | None = None

    @classmethod
    def of(cls, prepared: PreparedSet) -> ImageTensors:
        """View a prepared set as tensors, without a copy. Series of one frame become images."""
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
        """Copies of some images and their masks.

        Args:
            chosen: Indices of the images within the set, from 0.

        Returns:
            Images (B, C, H, W) or (B, T, C, H, W) float32; masks (B, 1, H, W) float32, or (B, H, W) int64 for several
            structures.
        """
        rows: Tensor | slice = chosen if self.rows is None else self.rows[chosen]
        masks = self.masks[rows]
        return self.images[rows], masks.float() if masks.ndim == 4 else masks.long()

    def outlined_on(self, chosen: Tensor) -> Tensor | None:
        """Whether each structure was annotated on some images, (B, K) bool; None if all were on all of them."""
        if self.outlined is None:
            return None
        found = self.outlined[chosen if self.rows is None else self.rows[chosen]]
        return None if bool(found.all()) else found
