"""Makes scores of a set as runs log them."""

from __future__ import annotations

from typing import Final

from gridctl_trainer.contract.records.set_scores import SetScores

DICE: Final = "soft_dice.left_ventricle"
BCE: Final = "bce.left_ventricle"
VALIDATION_DICE: Final = f"validation.{DICE}"
VALIDATION_BCE: Final = f"validation.{BCE}"
SUNNYBROOK_DICE: Final = f"sunnybrook.{DICE}"
VOLUME_DICE: Final = "validation.dice.left_ventricle"
"""The score that is compared by default."""
SUNNYBROOK_VOLUME_DICE: Final = "sunnybrook.dice.left_ventricle"
SUNNYBROOK_BCE: Final = f"sunnybrook.{BCE}"


def set_scores(dice: float, bce: float | None = None, *, images: int = 2) -> SetScores:
    """Scores of a set in one minibatch."""
    of = {DICE: dice, BCE: 1 - dice if bce is None else bce}
    return SetScores(images=images, scores=of, per_batch={key: (value,) for key, value in of.items()})
