"""Score files of masks, as `gridctl score` writes them beside the runs of `scored_cases`."""

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
"""Dice of the masks of a patient at a time point; None where it is undefined."""


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
    """Write a file in JSON.

    Args:
        path: Its name is that of the masks.
        like: A run that scores the same patients.
        dice: Of each case.
        set_name: The set of the runs whose truth they have.
        patients: Who is scored.
        change: Of each case; None leaves it out.
        header: Fields that are others.
        others: Dice of further structures.
        real: As of `cases_of`.
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
    """Fields of a header: a run made the masks, and was trained on these patients."""
    return {"runs": [PredictingRun(run_id=run_id)], "trained_on": dict.fromkeys(patients, (run_id,))}
