"""The specification of a small run, as it lies in a store."""

from __future__ import annotations

from typing import Any


def specification(*, data: dict[str, Any], training: dict[str, Any] | None = None) -> dict[str, Any]:
    """A sound one, on images of 32 px.

    Args:
        data: Where the sets lie.
        training: Beside `epochs: 1`.
    """
    return {
        "schema_version": 2,
        "experiment": "tiny",
        "model": "unet",
        "network": {"architecture": "unet", "options": {"channels": [4, 8]}},
        "train_ratio": 0.5,
        "seed": 1,
        "data": {**data, "size_px": 32},
        "training": {"epochs": 1, **(training or {})},
    }
