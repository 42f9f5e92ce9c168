"""How cases are scored once a model is trained."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from gridctl_trainer.contract.frozen import Frozen
from gridctl_trainer.contract.spec.identity import DECIDES, RECORDED

CleanUp = Literal["none", "largest_component"]


class ScoringSpec(Frozen):
    """How whole cases are scored, on the scanner's grid: after the last epoch, and at the best one where it is kept.

    Attributes:
        clean_up: What is done to the mask of each structure before it is scored: `none`, or `largest_component`,
            which leaves the largest part whose voxels touch by a face, an edge or a corner.
        every_epochs: Score the cases of `validation` and of external sets also after every so many epochs; never
            those of `test`.
    """

    clean_up: Annotated[CleanUp, DECIDES] = "none"
    every_epochs: Annotated[int | None, Field(ge=1, le=9999), RECORDED] = None
