"""How training images are varied."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from gridctl_trainer.contract.frozen import Frozen
from gridctl_trainer.contract.spec.identity import DECIDES


class AugmentationSpec(Frozen):
    """How training images are varied, each anew in every epoch; off by default, as in the thesis.

    Chance depends on the run's seed, the epoch and the image, so both models of a pair see the
    same. Image, its whole series and mask move alike; what comes in from outside is black.

    Attributes:
        rotation_degrees: Images are turned by up to this much either way.
        scaling: Images are enlarged or shrunk by up to this share of their size, such as 0.1.
        shift: Images are moved along both axes by up to this share of the side.
        flip: Whether every other image is mirrored left to right.
        gamma: Intensities scaled to [0, 1] are raised to e^g with g up to this much either way.
    """

    rotation_degrees: Annotated[float, Field(ge=0, le=180), DECIDES] = 0.0
    scaling: Annotated[float, Field(ge=0, lt=1), DECIDES] = 0.0
    shift: Annotated[float, Field(ge=0, le=0.5), DECIDES] = 0.0
    flip: Annotated[bool, DECIDES] = False
    gamma: Annotated[float, Field(ge=0, le=2), DECIDES] = 0.0
