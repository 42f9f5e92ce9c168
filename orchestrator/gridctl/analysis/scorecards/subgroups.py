"""Subgroups of patients, and of their images, that the scored cases have: by pathology, vendor, centre, time point and
slice position.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import pandas as pd

from gridctl.analysis.scorecards.patient_scores import PairOfPatients, PatientScores, rows_of_score
from gridctl.experiment.schema import SLICE_POSITION_METRICS
from gridctl.experiment.scores.measures import Measure, Measures
from gridctl.experiment.scores.pooled_structures import with_pooled
from gridctl_trainer.contract.score_name import ScoreName

COLUMN_OF: Final[Mapping[str, str]] = {"pathology": "group", "vendor": "vendor", "centre": "centre"}
"""Columns of `Collected.cases` that form subgroups of patients."""


@dataclass(frozen=True, slots=True)
class Subgroup:
    """Some of the patients, or some of the images of all patients.

    Attributes:
        by: The property that forms it.
        name: Its value.
        measure: The score that is compared in it.
        scores: Scores of its patients, and of others.
        patients: Its patients; None for all.
        known: Pairs of runs that were looked up already, on the patients of the subgroup.
    """

    by: str
    name: str
    measure: Measure
    scores: PatientScores
    patients: Collection[str] | None = None
    known: dict[tuple[str, str], PairOfPatients] = field(default_factory=dict, compare=False)

    def pair(self, model_run: str, against_run: str) -> PairOfPatients:
        """Two runs on the patients of the subgroup that both have a score for."""
        found = self.known.get((model_run, against_run))
        if found is None:
            found = self.known[model_run, against_run] = self._paired(model_run, against_run)
        return found

    def _paired(self, model_run: str, against_run: str) -> PairOfPatients:
        found = self.scores.pair(model_run, against_run)  # which remembers it for other subgroups
        if self.patients is None:
            return found
        at = [place for place, name in enumerate(found.patients) if name in self.patients]
        return PairOfPatients([found.patients[place] for place in at], found.model[at], found.against[at])


def subgroups_of(
    cases: pd.DataFrame, measure: Measure, measures: Measures, checkpoint: str, scores: PatientScores
) -> list[Subgroup]:
    """Every subgroup for a score, by each property, in a fixed order.

    If all patients share a value (one vendor), there is one.

    Args:
        cases: As `Collected.cases`.
        measure: A score of cases.
        measures: All scores: those by slice position replace it there.
        checkpoint: `final` or `best`.
        scores: Every patient's score by the measure.
    """
    rows = rows_of_score(cases, measure, checkpoint)
    return [
        *_of_patients(rows, measure, scores),
        *_of_time_points(rows, measure, checkpoint),
        *_of_positions(cases, measure, measures, checkpoint),
    ]


def _of_patients(rows: pd.DataFrame, measure: Measure, scores: PatientScores) -> Iterator[Subgroup]:
    patients = rows.drop_duplicates(["patient"])
    for by, column in COLUMN_OF.items():
        members: dict[str, set[str]] = {}
        for patient, name in zip(patients["patient"].astype(str), patients[column].astype(str), strict=True):
            if name:
                members.setdefault(name, set()).add(patient)
        for name in sorted(members):
            yield Subgroup(by, name, measure, scores, members[name])


def _of_time_points(rows: pd.DataFrame, measure: Measure, checkpoint: str) -> Iterator[Subgroup]:
    if measure.level != "case":
        return
    words = rows["time_point"].cat
    codes = words.codes.to_numpy()
    for code, name in sorted(enumerate(words.categories), key=lambda item: str(item[1])):
        if name and (codes == code).any():
            scores = PatientScores.of(rows[codes == code], measure, checkpoint)
            yield Subgroup("time_point", str(name), measure, scores)


def _of_positions(cases: pd.DataFrame, measure: Measure, measures: Measures, checkpoint: str) -> Iterator[Subgroup]:
    for position, metric in SLICE_POSITION_METRICS.items():
        name = str(ScoreName(measure.set, metric, measure.structure))
        at = with_pooled(measures, [name]).get(name)
        if at is not None:
            yield Subgroup("slice_position", position, at, PatientScores.of(cases, at, checkpoint))
