"""What Li (2020) prints, as `printed_values.toml` describes it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

_VALUES: Final = Path(__file__).parent / "printed_values.toml"

SOURCE: Final = "Li (2020)"

ARCHITECTURES: Final = {"gamma_net": "γ-Net", "unet": "U-Net"}
"""What the two architectures are called in print."""


@lru_cache(maxsize=1)
def printed() -> Mapping[str, Mapping[str, Any]]:
    """Every table and figure by name."""
    return tomllib.loads(_VALUES.read_text(encoding="utf-8"))


def architectures_of(item: Mapping[str, Any]) -> list[str]:
    """Those that a table or figure shows."""
    cells = item.get("cells")
    return list(dict.fromkeys(cell["architecture"] for cell in cells)) if cells else list(ARCHITECTURES)


def metrics_of(item: Mapping[str, Any]) -> list[str]:
    """Those that a table or figure shows."""
    cells = item.get("cells")
    return list(dict.fromkeys(cell["metric"] for cell in cells)) if cells else item["metrics"]
