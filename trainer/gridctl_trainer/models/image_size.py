"""The image sizes that a network of a given depth accepts."""

from __future__ import annotations

from torch import Tensor

from gridctl_trainer.contract.errors import SpecError


def require_fitting_size(images: Tensor, depth: int) -> None:
    """Refuse images that cannot be halved `depth - 1` times, or that shrink to a single pixel.

    Args:
        images: (..., H, W).
        depth: Number of levels of the network.

    Raises:
        SpecError: The size does not fit; the message names a size that does.
    """
    height, width = images.shape[-2:]
    step = 2 ** (depth - 1)
    if height % step or width % step:
        raise SpecError(
            f"images of {height}x{width} px do not fit a network of {depth} levels",
            where="data.size_px",
            fix=f"use a multiple of {step}, such as {_nearest(min(height, width), step)}",
        )
    if height == width == step:
        raise SpecError(
            f"images of {height}x{width} px leave one pixel at the last of {depth} levels, which no norm can scale",
            where="data.size_px",
            fix=f"use {2 * step} or more",
        )


def _nearest(size: int, step: int) -> int:
    return max(2, round(size / step)) * step
