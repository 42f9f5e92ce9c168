"""Writes score files of masks as `gridctl score` does, beside the runs of `scored_cases`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from gridctl.analysis.request import PredictionFile
from gridctl.collection.score_file import prediction_file
from gridctl_trainer.contract.records.case_scores import CaseScores
from gridctl_trainer.contract.records.score_file import PredictingRun, ScoreFileHeader, rows_of, score_file_sha256
from gridctl_trainer.contract.spec import RunSpec
from tests.unit.report.scored_cases import METRICS, PATIENTS, CaseDice, cases_of

MaskDice = Callable[[str, str], float | None]
"""Returns the Dice of the masks of a patient at a time point; None if it is undefined."""


def write_masks(
    path: Path,
    like: RunSpec,
    dice: MaskDice,
    *,
    set_name: str = "sunnybrook",
    patients: Sequence[str] = PATIENTS,
    change: Callable[[CaseScores], CaseScores | None] = lambda case: case,
    header: Mapping[str, Any] | None = None,
    others: Mapping[str, CaseDice] | None = None,
    real: bool = True,
) -> PredictionFile:
    """Write a score file in JSON.

    Args:
        path: File to write, whose name is that of the masks.
        like: A run that scores the same patients.
        dice: Dice of each case.
        set_name: Data set of the runs that has the same truth.
        patients: Patients to score.
        change: Changes each case; None leaves it out.
        header: Fields of the header to replace.
        others: Dice of further structures.
        real: As for `cases_of`.
    """
    made = cases_of(
        like,
        lambda run, name, patient, time: dice(patient, time),
        patients=patients,
        sets=[set_name],
        checkpoints=["final"],
        real=real,
        others=others,
    )
    cases = [changed for case in made if (changed := change(case)) is not None]
    said = ScoreFileHeader.model_validate({"gridctl": "0", "metrics": METRICS, **(header or {})})
    content = {
        **said.to_json(),
        "sha256": score_file_sha256(said, list(rows_of(cases))),
        "cases": [case.model_dump(mode="json", exclude={"checkpoint", "epoch", "set"}) for case in cases],
    }
    path.write_text(json.dumps(content, indent=2))
    return prediction_file("", path)


def predicted_by(run_id: str, *patients: str) -> dict[str, Any]:
    """Header fields that say that a run made the masks, and was trained on these patients."""
    return {"runs": [PredictingRun(run_id=run_id)], "trained_on": dict.fromkeys(patients, (run_id,))}
