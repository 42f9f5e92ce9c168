"""Reads which runs made the masks and on which patients they were trained, as `gridctl predict` notes beside masks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from gridctl_trainer.contract.errors import SpecError
from gridctl_trainer.contract.patient_names import named_patient
from gridctl_trainer.contract.records.score_file import PredictingRun
from gridctl_trainer.file_scoring.label_names import SIDECAR


@dataclass(frozen=True, slots=True)
class PredictedBy:
    """What the dataset.json in the folder of the masks says about runs; empty for masks from elsewhere.

    Attributes:
        runs: Runs that made the masks.
        trained_on: Ids of the training patients of each run, by run id.
        masks: Ids of the runs that were trained on the patient of a mask, by the name of the mask's file.
    """

    runs: tuple[PredictingRun, ...] = ()
    trained_on: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    masks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def beside(cls, place: Path) -> Self:
        """Read what the folder of the masks says.

        Raises:
            SpecError: What it says about runs cannot be read.
        """
        path = (place if place.is_dir() else place.parent) / SIDECAR
        if not path.is_file():
            return cls()
        try:
            content: Any = json.loads(path.read_bytes())
            if not isinstance(content, dict) or not isinstance(content.get("runs"), list):
                return cls()  # the file is nnU-Net's
            return cls(
                tuple(
                    PredictingRun(
                        run_id=run["run_id"], weights_sha256=run.get("weights_sha256", ""), epoch=run.get("epoch")
                    )
                    for run in content["runs"]
                ),
                {run["run_id"]: tuple(map(str, run.get("trained_on", ()))) for run in content["runs"]},
                {str(mask): tuple(runs) for mask, runs in content.get("masks_of_training_patients", {}).items()},
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise SpecError(
                f"it does not say which runs predicted: {type(error).__name__}: {error}",
                where=path,
                fix="predict again with gridctl predict, or remove the section 'runs'",
            ) from None

    def runs_trained_on(self, patient: str, mask: Path) -> list[str]:
        """Ids of the runs that were trained on the patient of a case, as far as names show it.

        Args:
            patient: Patient id.
            mask: File of the prediction.
        """
        of_mask = {run for file, runs in self.masks.items() if Path(file).name == mask.name for run in runs}
        by_name = {run for run, ids in self.trained_on.items() if patient in ids or named_patient(mask.name, ids)}
        return sorted(of_mask | by_name)
