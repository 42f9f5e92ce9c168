"""What announces a checkpoint: without its manifest there is none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from pydantic import Field

from gridctl_trainer.contract.frozen import Frozen
from gridctl_trainer.contract.layout import Position

CHECKPOINT_SCHEMA_VERSION: Final = 2
MAX_MANIFEST_BYTES: Final = 1 << 20


class CheckpointManifest(Frozen):
    """Written after the checkpoint it describes: without it there is no checkpoint.

    Attributes:
        spec_digest: SHA-256 of the specification it belongs to.
        data_digest: SHA-256 of the data it was trained on.
        epoch, step: Whole epochs done, and steps of the next one.
        scores: Of the epoch just done; empty within one.
        sha256, size_bytes: Of the checkpoint file.
    """

    schema_version: Literal[2] = CHECKPOINT_SCHEMA_VERSION
    spec_digest: str
    data_digest: str
    epoch: int
    step: int
    scores: Mapping[str, float] = Field(default_factory=dict)
    sha256: str
    size_bytes: int

    @property
    def position(self) -> Position:
        return Position(self.epoch, self.step)

    def to_json(self) -> bytes:
        """The manifest as it lies in the store."""
        return (self.model_dump_json() + "\n").encode()
