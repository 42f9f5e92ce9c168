"""The executor's section of an experiment file."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Options(BaseModel):
    """How runs are trained.

    Attributes:
        niceness: Niceness of the trainer processes; the higher it is, the more time they leave to others.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    niceness: Annotated[int, Field(ge=0, le=19)] = 10
