"""Names of scores in schema 1, and their current names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

OTHER_SET: Final = "sunnybrook"
"""The current name of the set that was called `generalisation`: it was always Sunnybrook."""

RENAMED_SCORES: Final[Mapping[str, str]] = {
    "validation_dice": "validation.soft_dice.left_ventricle",
    "validation_bce": "validation.bce.left_ventricle",
    "generalisation_dice": f"{OTHER_SET}.soft_dice.left_ventricle",
    "generalisation_bce": f"{OTHER_SET}.bce.left_ventricle",
}
"""Names as used in `compare.metrics`, `training.checkpoint_keep_best`, `report --metric` and table columns."""


def renamed(old: str) -> str:
    """The current name of a schema 1 score, to suggest to the user; an external set has the name that it was given."""
    now = RENAMED_SCORES[old]
    return f"{now}, with the name of your set in data.external" if now.startswith(f"{OTHER_SET}.") else now
