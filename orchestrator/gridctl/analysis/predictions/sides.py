"""The two sides of a comparison with masks: one score of each patient."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridctl.analysis.scorecards.patient_scores import PairOfPatients, PatientScores


@dataclass(frozen=True, slots=True)
class Side:
    """Scores of patients.

    Attributes:
        name: For reasons: `nnunet`, or what the model's runs are called.
        scores: By patient; several networks are averaged within the patient.
        left_out: Patients without a score, each with why.
    """

    name: str
    scores: Mapping[str, float]
    left_out: Mapping[str, str]

    @classmethod
    def of(cls, name: str, scores: PatientScores, runs: Sequence[str]) -> Side:
        """One side, of one run or of several.

        Args:
            name: What it is called.
            scores: Of all runs.
            runs: Those of this side. A patient whom one of them did not score has no score: a mean over other networks
                than every other patient's would be one of other models.
        """
        values: dict[str, list[float]] = defaultdict(list)
        left_out: dict[str, str] = {}
        for run in runs:
            patients, own = scores.of_run.get(run, ((), ()))
            for patient, value in zip(patients, own, strict=True):
                if np.isnan(value):
                    left_out[str(patient)] = scores.reasons[run][str(patient)]
                values[str(patient)].append(float(value))
        for patient, known in values.items():
            if len(known) < len(runs):
                left_out.setdefault(patient, f"not scored by every run of {name}")
        means = {patient: float(np.mean(known)) for patient, known in values.items() if patient not in left_out}
        return cls(name, means, left_out)


def paired_over_patients(model: Side, against: Side) -> PairOfPatients:
    """The patients who have a score on both sides; the others are left out of both, each with why."""
    both = sorted(model.scores.keys() & against.scores.keys())
    left_out = {**against.left_out, **model.left_out}
    for side, other in ((model, against), (against, model)):
        for patient in side.scores.keys() - other.scores.keys():
            left_out.setdefault(patient, f"not in {other.name}")
    first, second = (_array(side.scores, both) for side in (model, against))
    return PairOfPatients(both, first, second, dict(sorted(left_out.items())))


def _array(scores: Mapping[str, float], patients: Sequence[str]) -> NDArray[np.float64]:
    return np.array([scores[patient] for patient in patients], dtype=float)
