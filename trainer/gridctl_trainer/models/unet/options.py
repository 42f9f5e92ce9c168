"""What can be chosen about the U-Net. Read without torch, by both sides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, field_validator

from gridctl_trainer.contract.spec.identity import RECORDED
from gridctl_trainer.models.level_options import Channels, require_odd
from gridctl_trainer.models.strong_recipe import STRONG
from gridctl_trainer.plugins.model import ModelOptions, TrainingRecipe


class UNetOptions(ModelOptions):
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

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"author": {}, "table": {"convs_per_block": 3}, "strong": {}}
    recipes: ClassVar[Mapping[str, TrainingRecipe]] = {"strong": STRONG}

    preset: Annotated[Literal["author", "table", "strong"], RECORDED] = "author"
    channels: Channels = (8, 16, 32, 64, 128)
    convs_per_block: int = Field(2, ge=1, le=8)
    kernel_size: int = Field(3, ge=1, le=31)
    norm: Literal["batch", "instance", "none"] = "batch"

    @field_validator("kernel_size")
    @classmethod
    def _odd(cls, size: int) -> int:
        return require_odd(size)

    @property
    def depth(self) -> int:
        """Number of levels, the bottleneck included."""
        return len(self.channels)

    @property
    def size_multiple(self) -> int:
        """Each level but the last halves the image."""
        return 1 << (self.depth - 1)
