"""The options of the U-Net. Needs no torch, since both packages read it."""

from __future__ import annotations

from typing import Literal

from gridctl_trainer.models.level_options import Channels, LevelOptions


class UNetOptions(LevelOptions):
    """The lightweight U-Net (thesis tables A.1, A.2, after Uys 2019).

    Attributes:
        preset: `author`: two convolutions per block, as the author ran it. `table`: three, as the thesis prints.
            `strong`: as `author`, but trained with Dice and cross-entropy, AdamW, a one-cycle learning rate, gradient
            clipping and augmentation. Keys in the model's own entry override the preset.
        channels: Number of channels of each level, finest first. There are as many levels as numbers.
        convs_per_block: Number of convolutions in each block.
        kernel_size: Side of those convolutions in px, odd.
        norm: The norm after each convolution and its ReLU.
    """

    channels: Channels = (8, 16, 32, 64, 128)
    norm: Literal["batch", "instance", "none"] = "batch"
