"""The network that a run trains, described without knowledge of the network itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import Field, JsonValue, model_validator

from gridctl_trainer.contract.frozen import Frozen, canonical_json
from gridctl_trainer.contract.spec.identity import DECIDES, RECORDED


class NetworkSpec(Frozen):
    """One network. Only its plugin knows what the options mean.

    Attributes:
        architecture: Short name of an installed model, or `pkg.module:Name`.
        options: Options that differ from their default. For a model that is named by its path, all options as written.
        execution: Options that change how the network is computed but not the result.
    """

    architecture: Annotated[str, Field(min_length=1, max_length=200), DECIDES]
    options: Annotated[Mapping[str, JsonValue], DECIDES] = {}
    execution: Annotated[Mapping[str, JsonValue], RECORDED] = {}

    @model_validator(mode="after")
    def _finite(self) -> Self:
        canonical_json(self.model_dump(mode="json"))
        return self

    def __hash__(self) -> int:
        return hash(self.text)

    @property
    def text(self) -> str:
        """The network in one line of JSON, equal for equal networks."""
        return canonical_json(self.model_dump(mode="json"))
