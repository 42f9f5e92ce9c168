"""Scores of a model on one set of images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from gridctl_trainer.contract.fields.bounds import Loss
from gridctl_trainer.contract.frozen import Frozen

SetKey = Annotated[str, Field(pattern="^[a-z0-9_]{1,100}$")]
"""Name of a set."""

ScoreKey = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:]{1,200}$")]
"""Name of a score within its set: `soft_dice.left_ventricle`."""

_Images = Annotated[int, Field(ge=1, le=10**15)]


class SetScores(Frozen):
    """Scores of a model on one set after an epoch.

    Attributes:
        images: Number of images.
        scores: Mean over the images that have a value, by the score's name within the set. A score that no image has is
            left out.
        per_batch: Scores of each minibatch in order, by the same names, such as the Dice of a minibatch flattened into
            one image; null where undefined. Not every metric has them.
        undefined: How many images have no value, by name and reason.
    """

    images: _Images
    scores: dict[ScoreKey, Loss]
    per_batch: dict[ScoreKey, tuple[Loss | None, ...]] = Field(default_factory=dict)
    undefined: Mapping[ScoreKey, Mapping[str, _Images]] = Field(default_factory=dict)
