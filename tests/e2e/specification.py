"""Makes the specification of a small run, as it lies in a store."""

from __future__ import annotations

from typing import Any


def specification(*, data: dict[str, Any], training: dict[str, Any] | None = None) -> dict[str, Any]:
    """Make a valid specification with images of 32 px.

    Args:
        data: Folder of the data sets.
        training: Training options besides `epochs: 1`.
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
