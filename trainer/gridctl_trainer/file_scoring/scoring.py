"""Pairs predictions with the truth and scores them; cases that cannot be scored are reported and counted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from gridctl_trainer.contract.errors import DataError, Fault, Problem
from gridctl_trainer.contract.records.case_scores import PATIENT, CaseScores
from gridctl_trainer.file_scoring.label_names import LabelNames
from gridctl_trainer.file_scoring.mask_files import LabelMap, read_label_map
from gridctl_trainer.file_scoring.predicted_by import PredictedBy
from gridctl_trainer.file_scoring.truth_cases import TrueCase, Truth
from gridctl_trainer.metrics.base import CaseVolume
from gridctl_trainer.metrics.loading import Metric
from gridctl_trainer.metrics.scorecard import score_case, score_patient

SET: Final = "predictions"


@dataclass(slots=True)
class Scoring:
    """What was scored and what was not.

    Attributes:
        metrics: Metrics to compute.
        structures: Structures to score.
        labels: Meaning of the numbers in predictions.
        predictions: Files of the predictions, by case name.
        records: One record per case and structure, and per patient.
        problems: Problems of files that could not be scored.
        scored: Number of cases that were scored.
        missing: Number of cases that were not scored.
        predicted_by: Runs that made the masks.
        trained_on: Scored patients on which some of these runs were trained, each with the ids of these runs.
    """

    metrics: Sequence[Metric]
    structures: Sequence[str]
    labels: LabelNames
    predictions: Mapping[str, Path]
    records: list[CaseScores] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    scored: int = 0
    missing: int = 0
    predicted_by: PredictedBy = field(default_factory=PredictedBy)
    trained_on: dict[str, list[str]] = field(default_factory=dict)
    _used: set[str] = field(default_factory=set)

    def wrong(self, fault: Fault) -> None:
        """Record a case that cannot be scored."""
        self.problems += fault.problems
        self.missing += 1

    def score_patients(self, patients: Iterable[Sequence[TrueCase]], progress: Callable[[int], None]) -> None:
        """Score all cases, and record predictions without a truth.

        Args:
            patients: Cases of each patient.
            progress: Called with the number of patients done.

        Raises:
            MetricError: A metric fails.
        """
        for done, cases in enumerate(patients, 1):
            volumes: dict[str, Mapping[str, CaseVolume]] = {}
            for case in cases:
                try:
                    volumes[case.time_point] = self._score(case)
                except DataError as fault:
                    self.wrong(fault)
            if volumes:
                self._score_patient(cases[0], volumes)
            progress(done)
        for name, path in self.predictions.items():
            if name not in self._used:
                fix = "give its truth, or move it away"
                self.wrong(DataError(f"there is no truth of this case, {name}", where=path, fix=fix))

    def _score(self, case: TrueCase) -> Mapping[str, CaseVolume]:
        path = self._prediction_of(case)
        truth, predicted = self._read(case, path)
        truth.fits(predicted.volume, path)
        volumes = {name: self._volume(name, predicted, truth) for name in self.structures if name in truth.structures}
        found = score_case(self.metrics, volumes)
        for structure in dict.fromkeys([*volumes, *found]):
            volume, of_structure = volumes.get(structure), found.get(structure)
            self.records.append(
                CaseScores(
                    checkpoint="final",
                    set=SET,
                    patient=case.patient,
                    time_point=case.time_point,
                    structure=structure,
                    slices=len(volume.slices) if volume else 0,
                    spacing_mm=truth.spacing_mm,
                    true_positive=volume.true_positive if volume else None,
                    false_positive=volume.false_positive if volume else None,
                    false_negative=volume.false_negative if volume else None,
                    scores=of_structure.scores if of_structure else {},
                    undefined=of_structure.undefined if of_structure else {},
                    **case.metadata,
                )
            )
        self.scored += 1
        if runs := self.predicted_by.runs_trained_on(case.patient, path):
            self.trained_on[case.patient] = sorted({*self.trained_on.get(case.patient, ()), *runs})
        return volumes

    def _read(self, case: TrueCase, path: Path) -> tuple[Truth, LabelMap]:
        """Read the truth and the prediction of a case, and raise the faults of both at once."""
        faults: list[Fault] = []
        try:
            truth = case.read()
        except DataError as fault:
            faults.append(fault)
        try:
            predicted = read_label_map(path, self.labels, "--labels")
        except DataError as fault:
            faults.append(fault)
        if faults:
            raise DataError.collect(faults)
        return truth, predicted

    def _score_patient(self, case: TrueCase, volumes: Mapping[str, Mapping[str, CaseVolume]]) -> None:
        if set(volumes) == {""}:
            return  # data without a time axis has no scores of patients
        for structure, found in score_patient(self.metrics, volumes).items():
            self.records.append(
                CaseScores(
                    checkpoint="final",
                    set=SET,
                    patient=case.patient,
                    time_point=PATIENT,
                    structure=structure,
                    scores=found.scores,
                    undefined=found.undefined,
                    **case.metadata,
                )
            )

    def _prediction_of(self, case: TrueCase) -> Path:
        found = [name for name in case.names if name in self.predictions]
        if not found:
            raise DataError(
                f"there is no prediction of this case, {case.names[0] if case.names else case.patient}",
                where=case.where,
                fix=f"predict it as {' or '.join(f'{name}.nii.gz' for name in case.names)}",
            )
        self._used.update(found)
        if len(found) > 1:
            files = ", ".join(self.predictions[name].name for name in found)
            raise DataError(
                f"{files} are predictions of one case", where=case.where, fix="move all but one of them away"
            )
        return self.predictions[found[0]]

    def _volume(self, structure: str, predicted: LabelMap, truth: Truth) -> CaseVolume:
        annotated = truth.structures[structure]
        mask = np.isin(predicted.numbers[annotated.slices], self.labels.structures[structure])
        true = annotated.masks
        if truth.counted is not None:
            counted = truth.counted[annotated.slices]
            mask, true = mask & counted, true & counted
        return CaseVolume(mask, true, truth.spacing_mm, annotated.slices)
