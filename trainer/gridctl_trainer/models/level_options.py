"""What options of networks with levels have in common."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

Channels = Annotated[tuple[Annotated[int, Field(ge=1, le=4096)], ...], Field(min_length=1, max_length=8)]
"""Of each level, finest first."""


def require_odd(size: int) -> int:
    """The size of a kernel.

    Raises:
        ValueError: It is even.
    """
    if size < 1 or size % 2 == 0:
        raise ValueError(f"a kernel size must be odd, so that the output keeps its size; got {size}")
    return size
