"""The loss that training minimises."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from gridctl_trainer.contract.spec.choice import Choice
from gridctl_trainer.contract.spec.identity import DECIDES
from gridctl_trainer.contract.spec.names import Identifier

_Weight = Annotated[float, Field(gt=0, le=1000)]


class LossSpec(Choice):
    """The loss that training minimises: a name, such as `dice_bce`, or a section with its options. With one structure,
    each pixel is inside or outside (sigmoid). With several, each pixel is one of them or the background (softmax). A
    structure that was not annotated on a slice is left out of that slice's loss.

    Attributes:
        name: `bce`: cross-entropy, mean over pixels, binary for one structure. `dice`: 1 - soft Dice, mean over
            structures and images. `dice_bce`: the sum of both. `focal`: cross-entropy in which each pixel has weight
            (1 - p)^gamma, where p is the predicted probability of its true class (Lin et al. 2017).
        structure_weights: Weight of each structure, by name. Structures that are not named, and the background, have
            weight 1. In cross-entropy, the weights apply to pixels, and in Dice to structures.
        smoothing: Added to numerator and denominator of Dice, so that an empty image that is predicted empty has no
            loss.
        batch_dice: Whether Dice is computed over the whole minibatch as if it were one image, as in nnU-Net, instead of
            the mean over images. A slice without the structure then has little influence.
        dice_weight: Weight of Dice in the sum.
        bce_weight: Weight of cross-entropy in the sum.
        gamma: Exponent of the focal loss; 0 gives cross-entropy.
        alpha: Weight of pixels of a structure in the focal loss; pixels of the background have weight 1 - alpha. null
            for 1 everywhere.
    """

    options_of: ClassVar[Mapping[str, Sequence[str]]] = {
        "bce": ("structure_weights",),
        "dice": ("structure_weights", "smoothing", "batch_dice"),
        "dice_bce": ("structure_weights", "smoothing", "batch_dice", "dice_weight", "bce_weight"),
        "focal": ("structure_weights", "gamma", "alpha"),
    }

    name: Annotated[Literal["bce", "dice", "dice_bce", "focal"], DECIDES] = "bce"
    structure_weights: Annotated[Mapping[Identifier, _Weight], DECIDES] = {}
    smoothing: Annotated[float, Field(ge=0, le=1000), DECIDES] = 1.0
    batch_dice: Annotated[bool, DECIDES] = False
    dice_weight: Annotated[float, Field(ge=0, le=1000), DECIDES] = 1.0
    bce_weight: Annotated[float, Field(ge=0, le=1000), DECIDES] = 1.0
    gamma: Annotated[float, Field(ge=0, le=20), DECIDES] = 2.0
    alpha: Annotated[float | None, Field(gt=0, lt=1), DECIDES] = None

    def __hash__(self) -> int:
        return hash(self.model_dump_json())

    def weights(self, target: Sequence[str]) -> tuple[float, ...]:
        """The weight of each structure in `target`, in that order."""
        given: Mapping[str, Any] = self.structure_weights
        return tuple(float(given.get(name, 1.0)) for name in target)
