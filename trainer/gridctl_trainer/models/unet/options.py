"""What can be chosen about the U-Net. Read without torch, by both sides."""

from __future__ import annotations

from typing import Literal

from gridctl_trainer.models.level_options import Channels, LevelOptions


class UNetOptions(LevelOptions):
    """The lightweight U-Net (thesis tables A.1, A.2, after Uys 2019).

    Attributes:
        preset: `author`: two convolutions a block, as run; `table`: three, as printed.
            `strong`: as `author`, trained with Dice and cross-entropy, AdamW, one cycle of the learning rate, clipping
            and augmentation; a key that the model has of its own goes before.
        channels: Channels of each level, finest first; their number is the depth.
        convs_per_block: 3x3 convolutions in each block.
        kernel_size: Side of those convolutions in px, odd.
        norm: What follows each convolution and its ReLU.
    """

    channels: Channels = (8, 16, 32, 64, 128)
    norm: Literal["batch", "instance", "none"] = "batch"
