"""The few slices of a run that are kept to look at: which they are, and where their pictures lie."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import ClassVar, Final, Literal, Self

from pydantic import Field

from gridctl_trainer.contract.fields.bounds import Loss
from gridctl_trainer.contract.frozen import Frozen
from gridctl_trainer.contract.records.base import Record
from gridctl_trainer.contract.records.set_scores import ScoreKey, SetKey

SAMPLES_SCHEMA_VERSION: Final = 2

Polygon = tuple[tuple[float, float], ...]
"""A closed outline, (x, y) of each corner in px of the picture, (0, 0) the upper left corner of its first pixel."""


class SampleOutput(Frozen):
    """What the model says of one slice, after one timestep or at its end.

    Attributes:
        timestep: From 1; 1 for a model that has none.
        picture: Name of a grey PNG: the probability of the cavity, 255 is 1.
        outline: Where that probability is a half.
        scores: Of this slice, by the names that they have within a set in the metric log; without those that are
            undefined.
    """

    timestep: int = Field(ge=1, le=10_000)
    picture: str
    outline: tuple[Polygon, ...]
    scores: Mapping[ScoreKey, Loss] = Field(default_factory=dict)


class SampleSlice(Frozen):
    """One slice.

    Attributes:
        set: Which images it is of.
        name: Its name in the data set: `patient001 ED slice 03`.
        patient: Its patient.
        picture: Name of a grey PNG of the image as the model saw it.
        truth: Name of a PNG of the mask, 0 or 255.
        truth_outline: The mask's outline.
        outputs: After each timestep shown, the last one included; one for a model that has none.
    """

    set: SetKey
    name: str
    patient: str
    picture: str
    truth: str
    truth_outline: tuple[Polygon, ...]
    outputs: tuple[SampleOutput, ...] = Field(min_length=1)


class SamplesIndex(Record):
    """What lies in a run's `samples/`. Names are those `RunLayout.sample` takes.

    Attributes:
        run_id: The run.
        size_px: Side of every picture named here.
        timesteps: How many the model has; 1 for a model that has none.
        slices: Alike for every run with the same split, so for both halves of a pair.
    """

    kind: ClassVar[str] = "an index of samples"

    older: ClassVar[tuple[int, ...]] = (1,)

    schema_version: Literal[2] = SAMPLES_SCHEMA_VERSION
    run_id: str
    size_px: int = Field(ge=1, le=1 << 16)
    timesteps: int = Field(ge=1, le=10_000)
    slices: tuple[SampleSlice, ...]

    @classmethod
    def from_older(cls, text: bytes | str) -> Self:
        from gridctl_trainer.contract.released.records_v1 import samples_fields

        return cls(**samples_fields(text))

    def to_json(self) -> bytes:
        """The index as it lies in the store."""
        return (json.dumps(self.model_dump(mode="json"), separators=(",", ":"), ensure_ascii=False) + "\n").encode()
