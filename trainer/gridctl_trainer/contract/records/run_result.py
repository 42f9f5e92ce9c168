"""The result of a run, written last: a run that has one is finished."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import ClassVar, Final, Literal, Self

from pydantic import Field

from gridctl_trainer.contract.errors import StoreError
from gridctl_trainer.contract.fields.bounds import Attempt, Epoch, Time, Volume
from gridctl_trainer.contract.frozen import Frozen
from gridctl_trainer.contract.records.base import Record
from gridctl_trainer.contract.records.set_scores import SetKey, SetScores
from gridctl_trainer.contract.spec import RunSpec

RESULT_SCHEMA_VERSION: Final = 2


class PatientFunction(Frozen):
    """Ejection fraction of one patient, from the data set's masks and from the trained model's.

    Only patients with both phases, and a known distance of slices, have one. Volumes are areas of
    masks times the distance of slices. The true ones are those of the masks as published. The
    predicted ones are of the square that models see, where a pixel stands for more where the
    slice was shrunk; what the crop cut off cannot be predicted, so it counts as missed.

    Attributes:
        set: Where the patient is from: `validation`, or the name of another set.
        patient: Id.
        true_edv_ml, true_esv_ml: End-diastolic and end-systolic volume in ml by the true masks.
        true_ef: Ejection fraction (EDV - ESV) / EDV, a fraction: below 0 where ESV > EDV, at most 1.
        predicted_edv_ml, predicted_esv_ml: Volumes in ml by the predicted masks, logits above 0.
        predicted_ef: Their ejection fraction; None where the predicted EDV is 0.
    """

    set: SetKey
    patient: str
    true_edv_ml: float = Field(gt=0, le=1e9)
    true_esv_ml: Volume
    true_ef: float = Field(ge=-1e12, le=1)
    predicted_edv_ml: Volume
    predicted_esv_ml: Volume
    predicted_ef: float | None = Field(None, ge=-1e12, le=1)


class ResultRecord(Record):
    """The result of a finished run.

    Attributes:
        run_id: The run.
        spec_digest: SHA-256 of its specification.
        epochs: Epochs trained.
        attempts: Attempts it took.
        checkpoint: Key of the last checkpoint.
        weights_sha256: Over names, types, shapes and bytes of the trained tensors.
        sets: Scores after the last epoch, by name of the set; those of `test` stand here alone.
        function: Volumes and ejection fraction of each patient with both phases, true and predicted.
        train_seconds: Wall time of all epochs in the log.
        finished_at: Time with zone.
    """

    kind: ClassVar[str] = "a result"
    remedy: ClassVar[str] = "delete it to have the run finished again from its last checkpoint"

    older: ClassVar[tuple[int, ...]] = (1,)

    schema_version: Literal[2] = RESULT_SCHEMA_VERSION
    run_id: str
    spec_digest: str
    epochs: Epoch
    attempts: Attempt
    checkpoint: str
    weights_sha256: str
    sets: Mapping[SetKey, SetScores]
    function: tuple[PatientFunction, ...] = ()
    train_seconds: float = Field(ge=0, le=1e13)
    finished_at: Time

    @classmethod
    def from_older(cls, text: bytes | str) -> Self:
        from gridctl_trainer.contract.released.records_v1 import result_fields

        return cls(**result_fields(text))

    @classmethod
    def of_run(cls, run: RunSpec, data: bytes | str, where: object = "") -> Self:
        """Read the result of a run. Nothing else says that it is finished.

        Args:
            run: The run.
            data: What lies at its result's key.
            where: File or key named in errors.

        Raises:
            StoreError: It is not a result, or that of another run or specification.
        """
        found = cls.from_json(data, where)
        if (found.run_id, found.spec_digest) != (run.run_id, run.digest):
            raise StoreError(f"the result of another run, {found.run_id}", where=where, fix=cls.remedy)
        return found

    def to_json(self) -> bytes:
        """The result as it lies in the store."""
        return (json.dumps(self.model_dump(mode="json"), indent=2) + "\n").encode()
