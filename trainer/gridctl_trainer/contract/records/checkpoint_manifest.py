"""The manifest of a checkpoint: a checkpoint exists only once its manifest does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from pydantic import Field

from gridctl_trainer.contract.frozen import Frozen
from gridctl_trainer.contract.layout import Position

CHECKPOINT_SCHEMA_VERSION: Final = 2
MAX_MANIFEST_BYTES: Final = 1 << 20


class CheckpointManifest(Frozen):
    """Manifest of a checkpoint, written after the checkpoint file. A file without a manifest does not count.

    Attributes:
        spec_digest: SHA-256 of the run's specification.
        data_digest: SHA-256 of the data it was trained on.
        epoch, step: Complete epochs, and steps of the next one.
        scores: Scores of the epoch just completed; empty for a checkpoint within an epoch.
        sha256, size_bytes: SHA-256 and size of the checkpoint file.
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
        """The manifest as it is stored."""
        return (self.model_dump_json() + "\n").encode()
