"""The executor's section of an experiment file."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Options(BaseModel):
    """How runs are trained.

    Attributes:
        niceness: Of their processes; the higher, the more they leave to others.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    niceness: Annotated[int, Field(ge=0, le=19)] = 10
