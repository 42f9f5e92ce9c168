"""Reads metric logs, results and sample indices of schema 1 as current ones.

Schema 1 had two sets, `validation` and `generalisation` (always Sunnybrook), one structure, and two metrics.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import Field, TypeAdapter

from gridctl_trainer.contract.fields.bounds import (
    Attempt,
    Count,
    Epoch,
    Loss,
    PositiveLoss,
    Seconds,
    Share,
    Time,
    Volume,
)
from gridctl_trainer.contract.frozen import Frozen
from gridctl_trainer.contract.json_text import require_keys_once
from gridctl_trainer.contract.records.metric_log import (
    AttemptRecord,
    DataRecord,
    EndRecord,
    EpochRecord,
    Record,
    SetData,
)
from gridctl_trainer.contract.records.run_result import PatientFunction
from gridctl_trainer.contract.records.samples import Polygon, SampleOutput, SampleSlice
from gridctl_trainer.contract.records.set_scores import SetScores
from gridctl_trainer.contract.released.score_names_v1 import OTHER_SET

_STRUCTURE: Final = "left_ventricle"
_DICE: Final = f"soft_dice.{_STRUCTURE}"
_BCE: Final = f"bce.{_STRUCTURE}"

_Set = Literal["validation", "generalisation"]


class _SetScores(Frozen):
    images: int = Field(ge=1, le=10**15)
    bce: PositiveLoss
    dice: Share
    bce_per_batch: tuple[Loss, ...]
    dice_per_batch: tuple[Loss, ...]

    def now(self) -> SetScores:
        return SetScores.model_construct(
            images=self.images,
            scores={_DICE: self.dice, _BCE: self.bce},
            per_batch={_DICE: self.dice_per_batch, _BCE: self.bce_per_batch},
            undefined={},
        )


class _AttemptRecord(Frozen):
    kind: Literal["attempt"] = "attempt"
    schema_version: Literal[1]
    run_id: str
    attempt: Attempt
    uid: str
    started_at: Time
    host: str = ""
    git_sha: str = ""
    image: str = ""
    versions: Mapping[str, str] = Field(default_factory=dict)
    device: str
    device_name: str = ""
    threads: int = Field(ge=1, le=1 << 20)
    resumed_epoch: Count = 0
    resumed_step: Count = 0
    copied_from: str = ""

    def now(self) -> AttemptRecord:
        return AttemptRecord(**self.model_dump(exclude={"schema_version"}))


class _DataRecord(Frozen):
    kind: Literal["data"] = "data"
    data_digest: str
    split_digest: str
    train_patients: tuple[str, ...]
    validation_patients: tuple[str, ...]
    generalisation_patients: tuple[str, ...] = ()
    train_images: Count
    validation_images: Count
    generalisation_images: Count = 0
    train_steps: Count

    def now(self) -> DataRecord:
        sets = {
            "train": SetData(patients=self.train_patients, images=self.train_images),
            "validation": SetData(patients=self.validation_patients, images=self.validation_images),
        }
        if self.generalisation_images:
            sets[OTHER_SET] = SetData(patients=self.generalisation_patients, images=self.generalisation_images)
        return DataRecord(
            data_digest=self.data_digest, split_digest=self.split_digest, sets=sets, train_steps=self.train_steps
        )


class _EpochRecord(Frozen):
    kind: Literal["epoch"] = "epoch"
    epoch: Epoch
    train_loss: Loss
    skipped_steps: Count = 0
    validation: _SetScores
    generalisation: _SetScores | None = None
    seconds: Seconds
    images_per_second: float = Field(ge=0, le=1e15)
    peak_memory_bytes: Count
    finished_at: Time

    def now(self) -> EpochRecord:
        return EpochRecord.model_construct(
            kind="epoch",
            epoch=self.epoch,
            train_loss=self.train_loss,
            skipped_steps=self.skipped_steps,
            sets=_sets(self.validation, self.generalisation),
            seconds=self.seconds,
            images_per_second=self.images_per_second,
            peak_memory_bytes=self.peak_memory_bytes,
            finished_at=self.finished_at,
        )

    def quotes(self) -> int:
        """How many quotation marks the line has if no key is repeated; it then needs no second parser."""
        scores = [item for item in (self.validation, self.generalisation) if item is not None]
        keys = len(self.model_fields_set) + sum(len(item.model_fields_set) for item in scores)
        return 2 * keys + 2 * 2  # `kind` and `finished_at` are strings


class _PatientFunction(Frozen):
    set: _Set
    patient: str
    true_edv_ml: float = Field(gt=0, le=1e9)
    true_esv_ml: Volume
    true_ef: float = Field(ge=-1e12, le=1)
    predicted_edv_ml: Volume
    predicted_esv_ml: Volume
    predicted_ef: float | None = Field(None, ge=-1e12, le=1)

    def now(self) -> PatientFunction:
        return PatientFunction(**(self.model_dump() | {"set": _set(self.set)}))


class _Result(Frozen):
    schema_version: Literal[1]
    run_id: str
    spec_digest: str
    epochs: Epoch
    attempts: Attempt
    checkpoint: str
    weights_sha256: str
    validation: _SetScores
    generalisation: _SetScores | None = None
    function: tuple[_PatientFunction, ...] = ()
    train_seconds: float = Field(ge=0, le=1e13)
    finished_at: Time


class _SampleOutput(Frozen):
    timestep: int = Field(ge=1, le=10_000)
    picture: str
    outline: tuple[Polygon, ...]
    dice: Share


class _SampleSlice(Frozen):
    set: _Set
    name: str
    patient: str
    picture: str
    truth: str
    truth_outline: tuple[Polygon, ...]
    outputs: tuple[_SampleOutput, ...] = Field(min_length=1)

    def now(self) -> SampleSlice:
        outputs = tuple(
            SampleOutput(timestep=item.timestep, picture=item.picture, outline=item.outline, scores={_DICE: item.dice})
            for item in self.outputs
        )
        kept = {name: getattr(self, name) for name in ("name", "patient", "picture", "truth", "truth_outline")}
        return SampleSlice(set=_set(self.set), outputs=outputs, **kept)


class _Samples(Frozen):
    schema_version: Literal[1]
    run_id: str
    size_px: int = Field(ge=1, le=1 << 16)
    timesteps: int = Field(ge=1, le=10_000)
    slices: tuple[_SampleSlice, ...]


_OldRecord = _AttemptRecord | _DataRecord | _EpochRecord | EndRecord
_RECORD: Final[TypeAdapter[_OldRecord]] = TypeAdapter(Annotated[_OldRecord, Field(discriminator="kind")])


def read_record(line: bytes) -> Record:
    """Read one line of a metric log.

    Raises:
        ValueError: The line is not a record of schema 1.
    """
    record = _RECORD.validate_json(line, strict=True)
    if not isinstance(record, _EpochRecord) or line.count(b'"') != record.quotes():
        require_keys_once(line)
    return record if isinstance(record, EndRecord) else record.now()


def result_fields(text: bytes | str) -> dict[str, Any]:
    """The fields of a `ResultRecord`.

    Raises:
        ValueError: The object is not a result of schema 1.
    """
    old = _Result.model_validate_json(text, strict=True)
    kept = ("run_id", "spec_digest", "epochs", "attempts", "checkpoint", "weights_sha256", "train_seconds")
    return {name: getattr(old, name) for name in (*kept, "finished_at")} | {
        "sets": _sets(old.validation, old.generalisation),
        "function": tuple(item.now() for item in old.function),
    }


def samples_fields(text: bytes | str) -> dict[str, Any]:
    """The fields of a `SamplesIndex`.

    Raises:
        ValueError: The object is not an index of schema 1.
    """
    old = _Samples.model_validate_json(text, strict=True)
    kept = {name: getattr(old, name) for name in ("run_id", "size_px", "timesteps")}
    return {**kept, "slices": tuple(item.now() for item in old.slices)}


def _sets(validation: _SetScores, other: _SetScores | None) -> dict[str, SetScores]:
    return {"validation": validation.now()} | ({OTHER_SET: other.now()} if other is not None else {})


def _set(name: str) -> str:
    return name if name == "validation" else OTHER_SET
