"""How training images are varied."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from gridctl_trainer.contract.frozen import Frozen
from gridctl_trainer.contract.spec.identity import DECIDES


class AugmentationSpec(Frozen):
    """How training images are varied at random in every epoch. It is off by default, as in the thesis.

    The variation depends only on the run's seed, the epoch and the image, so both models of a pair see the same images.
    An image, its series and its mask move together. Areas that come in from outside are black.

    Attributes:
        rotation_degrees: Images are rotated by up to this angle in either direction.
        scaling: Images are enlarged or shrunk by up to this share of their size, such as 0.1.
        shift: Images are moved along both axes by up to this share of their side.
        flip: Whether half of the images, chosen at random, are mirrored left to right.
        gamma: Intensities, scaled to [0, 1], are raised to the power e^g, with g between minus and plus this value.
    """

    rotation_degrees: Annotated[float, Field(ge=0, le=180), DECIDES] = 0.0
    scaling: Annotated[float, Field(ge=0, lt=1), DECIDES] = 0.0
    shift: Annotated[float, Field(ge=0, le=0.5), DECIDES] = 0.0
    flip: Annotated[bool, DECIDES] = False
    gamma: Annotated[float, Field(ge=0, le=2), DECIDES] = 0.0
