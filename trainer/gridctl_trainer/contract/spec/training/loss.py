"""What training minimises."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from gridctl_trainer.contract.spec.choice import Choice
from gridctl_trainer.contract.spec.identity import DECIDES
from gridctl_trainer.contract.spec.names import Identifier

_Weight = Annotated[float, Field(gt=0, le=1000)]


class LossSpec(Choice):
    """What training minimises: a name, such as `dice_bce`, or a section with its options. Of one structure each pixel
    is its own yes or no (sigmoid); of several a pixel is one of them or the background (softmax). A structure that
    nobody outlined on a slice is left out of that slice's loss.

    Attributes:
        name: `bce`: cross-entropy, of one structure binary, mean over pixels. `dice`: 1 - soft Dice, mean over
            structures and images. `dice_bce`: both, added. `focal`: cross-entropy in which each pixel counts
            (1 - p)^gamma, p being the probability that it has of its truth (Lin et al. 2017).
        structure_weights: How much a structure counts, by name; 1 where it is not named, as the background. In
            cross-entropy every pixel counts what its structure does, in Dice every structure.
        smoothing: Added to both sides of the quotient of Dice; an empty image that is predicted empty loses nothing.
        batch_dice: Whether Dice is of the whole minibatch as if it were one image, as in nnU-Net, in place of the mean
            over images: a slice without the structure then counts for little.
        dice_weight: Weight of Dice in the sum.
        bce_weight: Weight of cross-entropy in the sum.
        gamma: Exponent of the focal loss; with 0 it is cross-entropy.
        alpha: What a pixel of a structure counts in the focal loss, one of the background counting 1 - alpha; null for
            1 each.
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
        """Of each structure, in that order."""
        given: Mapping[str, Any] = self.structure_weights
        return tuple(float(given.get(name, 1.0)) for name in target)
