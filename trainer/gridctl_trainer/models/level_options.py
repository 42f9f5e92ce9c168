"""Options that networks with levels share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field

from gridctl_trainer.contract.spec.identity import RECORDED
from gridctl_trainer.models.strong_recipe import STRONG
from gridctl_trainer.plugins.model import ModelOptions, TrainingRecipe


def require_odd(size: int) -> int:
    """Return the size of a kernel if it is odd.

    Raises:
        ValueError: It is even or not positive.
    """
    if size < 1 or size % 2 == 0:
        raise ValueError(f"a kernel size must be odd, so that the output keeps its size; got {size}")
    return size


Channels = Annotated[tuple[Annotated[int, Field(ge=1, le=4096)], ...], Field(min_length=1, max_length=8)]
"""Number of channels of each level, finest first."""

KernelSize = Annotated[int, Field(ge=1, le=31), AfterValidator(require_odd)]
"""Side of a kernel in px, odd."""


class LevelOptions(ModelOptions):
    """Base class for the options of networks whose levels halve the image. Derived classes explain the fields."""

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"author": {}, "table": {"convs_per_block": 3}, "strong": {}}
    recipes: ClassVar[Mapping[str, TrainingRecipe]] = {"strong": STRONG}

    preset: Annotated[Literal["author", "table", "strong"], RECORDED] = "author"
    channels: Channels
    convs_per_block: int = Field(2, ge=1, le=8)
    kernel_size: KernelSize = 3

    @property
    def depth(self) -> int:
        """Number of levels, including the bottleneck."""
        return len(self.channels)

    @property
    def size_multiple(self) -> int:
        """2^(depth - 1), since each level except the last halves the image."""
        return 1 << (self.depth - 1)
