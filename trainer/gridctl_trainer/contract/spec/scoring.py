"""How cases are scored after training."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from gridctl_trainer.contract.frozen import Frozen
from gridctl_trainer.contract.spec.identity import DECIDES, RECORDED

CleanUp = Literal["none", "largest_component"]


class ScoringSpec(Frozen):
    """How whole cases are scored on the scanner's grid, after the last epoch and for the best epoch if it is kept.

    Attributes:
        clean_up: What is done to the mask of each structure before it is scored: `none`, or `largest_component`, which
            keeps only the largest part whose voxels touch at a face, an edge or a corner.
        every_epochs: Also score the cases of `validation` and of external sets every this many epochs; cases of `test`
            never are.
    """

    clean_up: Annotated[CleanUp, DECIDES] = "none"
    every_epochs: Annotated[int | None, Field(ge=1, le=9999), RECORDED] = None
