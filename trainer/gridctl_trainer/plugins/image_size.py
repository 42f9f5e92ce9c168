"""The image sizes that a model accepts."""

from __future__ import annotations


def why_unfit(size_px: int, multiple: int, model: str) -> tuple[str, str] | None:
    """What is wrong with an image size, and what to do about it; None if the size fits.

    Args:
        size_px: Side of the square images.
        multiple: The number that it must be a multiple of.
        model: The model's name in the experiment.
    """
    if size_px % multiple == 0:
        return None
    lower = size_px // multiple * multiple
    near = f"{lower} or {lower + multiple}" if lower else str(multiple)
    return (
        f"data.size_px is {size_px}, but {model} takes images whose sides are multiples of {multiple}",
        f"use a multiple of {multiple}, such as {near}",
    )
