"""What scores were called in schema 1, and what they are called now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

OTHER_SET: Final = "sunnybrook"
"""The set that was called `generalisation`: it always was Sunnybrook."""

RENAMED_SCORES: Final[Mapping[str, str]] = {
    "validation_dice": "validation.soft_dice.left_ventricle",
    "validation_bce": "validation.bce.left_ventricle",
    "generalisation_dice": f"{OTHER_SET}.soft_dice.left_ventricle",
    "generalisation_bce": f"{OTHER_SET}.bce.left_ventricle",
}
"""As `compare.metrics`, `training.checkpoint_keep_best`, `report --metric` and columns of tables had them."""


def renamed(old: str) -> str:
    """How a score of schema 1 is written now, for whoever wrote it: an external set has the name that it was given."""
    now = RENAMED_SCORES[old]
    return f"{now}, with the name of your set in data.external" if now.startswith(f"{OTHER_SET}.") else now
