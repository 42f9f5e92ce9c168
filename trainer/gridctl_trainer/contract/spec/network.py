"""Which network a run trains, as far as it can be said without knowing that network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import Field, JsonValue, model_validator

from gridctl_trainer.contract.frozen import Frozen, canonical_json
from gridctl_trainer.contract.spec.identity import DECIDES, RECORDED


class NetworkSpec(Frozen):
    """One network. What its options mean, only the plugin that brings it knows.

    Attributes:
        architecture: Short name of an installed model, or `pkg.module:Name` of one's own.
        options: Its options that differ from their default; of one named by path, all as they were written.
        execution: Those of its options that change how it is computed and no result.
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
        """All of it in one line, the same for equal ones."""
        return canonical_json(self.model_dump(mode="json"))
