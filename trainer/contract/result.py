"""The object that is written last: where it is, the run is finished."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Final, Literal

from pydantic import Field, ValidationError

from trainer.contract.errors import StoreError
from trainer.contract.frozen import Frozen
from trainer.contract.metrics import SetScores

RESULT_SCHEMA_VERSION: Final = 1


class ResultRecord(Frozen):
    """What a finished run came to.

    Attributes:
        run_id: The run.
        spec_digest: SHA-256 of its specification.
        epochs: Epochs trained.
        attempts: Attempts it took.
        checkpoint: Key of the last checkpoint.
        weights_sha256: Over names, types, shapes and bytes of the trained tensors.
        validation, generalisation: Scores after the last epoch.
        train_seconds: Wall time of all epochs in the log.
        finished_at: Time with zone.
    """

    schema_version: Literal[1] = RESULT_SCHEMA_VERSION
    run_id: str
    spec_digest: str
    epochs: int = Field(ge=1)
    attempts: int = Field(ge=1)
    checkpoint: str
    weights_sha256: str
    validation: SetScores
    generalisation: SetScores | None = None
    train_seconds: float = Field(ge=0)
    finished_at: datetime

    def to_json(self) -> bytes:
        """The result as it lies in the store."""
        return (json.dumps(self.model_dump(mode="json"), indent=2) + "\n").encode()

    @classmethod
    def from_json(cls, text: bytes | str, where: object = "") -> ResultRecord:
        """Read a result.

        Raises:
            StoreError: It is not one.
        """
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise StoreError(
                f"not a result of this version: {error.errors()[0]['msg']}",
                where=where,
                fix="delete it to have the run finished again from its last checkpoint",
            ) from None
