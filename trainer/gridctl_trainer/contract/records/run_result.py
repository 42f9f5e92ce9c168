"""The result, which a run writes last: a run is finished if its result exists."""

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
    """Ventricular function of one patient, from the true masks and from the model's masks.

    Only patients with both phases and a known slice distance have one. A volume is the area of the masks times the
    slice distance. True volumes come from the masks as published. Predicted volumes come from the square that the model
    sees, with the pixel area corrected where the slice was shrunk. What the crop cut off cannot be predicted and counts
    as missed.

    Attributes:
        set: The patient's set: `validation`, or the name of another set.
        patient: Id of the patient.
        true_edv_ml, true_esv_ml: End-diastolic and end-systolic volume of the true masks, in ml.
        true_ef: Ejection fraction (EDV - ESV) / EDV, at most 1; negative if ESV > EDV.
        predicted_edv_ml, predicted_esv_ml: The same volumes of the predicted masks (logits above 0), in ml.
        predicted_ef: Ejection fraction of the predicted masks; None if the predicted EDV is 0.
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
        epochs: Number of epochs trained.
        attempts: Number of attempts it took.
        checkpoint: Key of the last checkpoint.
        weights_sha256: SHA-256 over names, types, shapes and bytes of the trained tensors.
        sets: Scores after the last epoch, by name of the set. Scores of `test` appear nowhere else.
        function: True and predicted volumes and ejection fraction of each patient with both phases.
        train_seconds: Wall time of all epochs in the log, in seconds.
        finished_at: Time of the end, with time zone.
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
        """Read the result of a run. Only a result marks a run as finished.

        Args:
            run: The run.
            data: The content of its result object.
            where: File or key to name in errors.

        Raises:
            StoreError: The data are not a result, or belong to another run or specification.
        """
        found = cls.from_json(data, where)
        if (found.run_id, found.spec_digest) != (run.run_id, run.digest):
            raise StoreError(f"the result of another run, {found.run_id}", where=where, fix=cls.remedy)
        return found

    def to_json(self) -> bytes:
        """The result as it is stored."""
        return (json.dumps(self.model_dump(mode="json"), indent=2) + "\n").encode()
