"""Cardiac function of the patients of a run: the volumes and ejection fractions in `result.json`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from gridctl_trainer.contract.records.case_scores import CaseScores
from gridctl_trainer.contract.records.run_result import PatientFunction
from gridctl_trainer.datasets.slices import CAVITY, Phase
from gridctl_trainer.training.images.sets import TEST


def patient_functions(cases: Iterable[CaseScores]) -> tuple[PatientFunction, ...]:
    """The true and predicted volumes of the cavity of every patient with end-diastole and end-systole.

    Patients of the test set are left out. Their scores are only in the scorecard, where each look at them is counted.

    Args:
        cases: The cases of one checkpoint.

    Returns:
        One record per patient, in the order of the cases; none if the cavity is not segmented.
    """
    found: dict[tuple[str, str], dict[Phase, CaseScores]] = defaultdict(dict)
    for case in cases:
        if case.structure == CAVITY and case.set != TEST and case.true_positive is not None:
            found[case.set, case.patient][case.time_point] = case
    return tuple(_functions(found.values()))


def _functions(patients: Iterable[Mapping[Phase, CaseScores]]) -> Iterator[PatientFunction]:
    for phases in patients:
        if not phases.keys() >= {"ED", "ES"}:
            continue
        (true_edv, edv), (true_esv, esv) = _volumes_ml(phases["ED"]), _volumes_ml(phases["ES"])
        if true_edv > 0:
            yield PatientFunction(
                set=phases["ED"].set,
                patient=phases["ED"].patient,
                true_edv_ml=true_edv,
                true_esv_ml=true_esv,
                true_ef=(true_edv - true_esv) / true_edv,
                predicted_edv_ml=edv,
                predicted_esv_ml=esv,
                predicted_ef=(edv - esv) / edv if edv > 0 else None,
            )


def _volumes_ml(case: CaseScores) -> tuple[float, float]:
    rows, columns, slices = case.spacing_mm or (0.0, 0.0, 0.0)
    both, voxel_ml = case.true_positive or 0, rows * columns * slices / 1000
    return (both + (case.false_negative or 0)) * voxel_ml, (both + (case.false_positive or 0)) * voxel_ml
