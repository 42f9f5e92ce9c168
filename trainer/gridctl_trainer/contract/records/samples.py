"""Index of a run's sample slices, and the names of their pictures."""

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
"""A closed outline as the (x, y) of each corner, in px of the picture; (0, 0) is the upper left corner of its first
pixel.
"""


class SampleOutput(Frozen):
    """The model's output for one slice, after one timestep or at the end.

    Attributes:
        timestep: The timestep, from 1; 1 for a model without timesteps.
        picture: Name of a greyscale PNG of the cavity's probability; 255 is 1.
        outline: Contour at probability 0.5.
        scores: Scores of this slice, by their names within a set in the metric log; undefined scores are left out.
    """

    timestep: int = Field(ge=1, le=10_000)
    picture: str
    outline: tuple[Polygon, ...]
    scores: Mapping[ScoreKey, Loss] = Field(default_factory=dict)


class SampleSlice(Frozen):
    """One slice.

    Attributes:
        set: The set that it is from.
        name: Name in the data set, such as `patient001 ED slice 03`.
        patient: Id of the patient.
        picture: Name of a greyscale PNG of the image as the model saw it.
        truth: Name of a PNG of the mask, 0 or 255.
        truth_outline: Outline of the mask.
        outputs: One output for each timestep shown, including the last; a single one for a model without timesteps.
    """

    set: SetKey
    name: str
    patient: str
    picture: str
    truth: str
    truth_outline: tuple[Polygon, ...]
    outputs: tuple[SampleOutput, ...] = Field(min_length=1)


class SamplesIndex(Record):
    """Index of a run's `samples/`. Names are as `RunLayout.sample` takes them.

    Attributes:
        run_id: Id of the run.
        size_px: Side length of the pictures, in px.
        timesteps: Number of timesteps of the model; 1 for a model without timesteps.
        slices: The sample slices; the same for every run with the same split, and so for both runs of a pair.
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
        """The index as it is stored."""
        return (json.dumps(self.model_dump(mode="json"), separators=(",", ":"), ensure_ascii=False) + "\n").encode()
