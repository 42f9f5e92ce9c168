"""Adds scorecards of finished runs, as trainers leave them, to what `logged` writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from gridctl.analysis.scorecards.acdc_patients import true_voxels
from gridctl_trainer.contract.layout import RunLayout
from gridctl_trainer.contract.metric_info import MetricInfo
from gridctl_trainer.contract.records.case_scores import CaseScores, CasesHeader, cases_to_bytes
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.folder import FolderStore

METRICS: Final = {
    "dice": MetricInfo(
        label="Dice", definition="hard Dice of the whole volume", higher_is_better=True, low=0, high=1, level="case"
    ),
    "hd": MetricInfo(label="HD", higher_is_better=False, unit="mm", low=0, level="case"),
    "hd95": MetricInfo(label="HD95", higher_is_better=False, unit="mm", low=0, level="case"),
    "nsd": MetricInfo(label="NSD at 2 mm", higher_is_better=True, low=0, high=1, level="case"),
    "assd": MetricInfo(label="ASSD", higher_is_better=False, unit="mm", low=0, level="case"),
    "volume_ml": MetricInfo(label="volume", higher_is_better=True, unit="ml", low=0, level="case", is_score=False),
    "true_volume_ml": MetricInfo(
        label="true volume", higher_is_better=True, unit="ml", low=0, level="case", is_score=False
    ),
    "slice_hd95": MetricInfo(label="in-plane HD95", higher_is_better=False, unit="mm", low=0, level="case"),
    "slice_hd95_basal": MetricInfo(label="basal HD95", higher_is_better=False, unit="mm", low=0, level="case"),
    "slice_hd95_apical": MetricInfo(label="apical HD95", higher_is_better=False, unit="mm", low=0, level="case"),
    "absolute_ef_error": MetricInfo(label="EF error", higher_is_better=False, unit="%", low=0, level="patient"),
    **{
        name: MetricInfo(label=name, higher_is_better=True, unit="ml", level="patient", is_score=False)
        for name in ("edv_ml", "true_edv_ml", "esv_ml", "true_esv_ml", "edv_error_ml")
    },
    **{
        name: MetricInfo(label=name, higher_is_better=True, unit="percentage points", level="patient", is_score=False)
        for name in ("ef_error", "ef", "true_ef")
    },
}

VALIDATION_CASE_DICE: Final = "validation.dice.left_ventricle"
SUNNYBROOK_CASE_DICE: Final = "sunnybrook.dice.left_ventricle"
PATIENTS: Final = tuple(f"patient{number:03d}" for number in range(1, 7))
GROUPS: Final = ("NOR", "MINF", "DCM")

CaseDice = Callable[[RunSpec, str, str, str], float | None]
"""Returns the Dice of a case by run, set, patient and time point; None if it is undefined."""


def case_dice_of(gain: float) -> CaseDice:
    """Dice with γ-Net ahead by `gain` in every case, which differ between seeds, patients and time points."""

    def dice(run: RunSpec, set_name: str, patient: str, time_point: str) -> float:
        number = int(patient[-3:])
        wobble = ((run.seed * 7 + number * 3) % 5) / 100 + (run.seed % 3) / 200 * (run.model == "unet")
        less = 0.1 * (set_name != "validation") + 0.05 * (time_point == "ES") + 0.01 * number
        return 0.85 + wobble - less + (gain if run.model == "gamma_net" else 0)

    return dice


def cases_of(
    run: RunSpec,
    dice: CaseDice,
    *,
    patients: Sequence[str] = PATIENTS,
    sets: Sequence[str] = ("validation", "sunnybrook"),
    checkpoints: Sequence[str] = ("final", "best"),
    real: bool = True,
    others: Mapping[str, CaseDice] | None = None,
) -> Iterator[CaseScores]:
    """Make every case of a run, with volumes and distances that follow from its Dice.

    If `real`, the structures of the validation set are as large as ACDC's. `others` are further structures.
    """
    for structure, own in {"left_ventricle": dice, **(others or {})}.items():
        yield from _of_structure(run, structure, own, patients, sets, checkpoints, real=real)


def _of_structure(
    run: RunSpec,
    structure: str,
    dice: CaseDice,
    patients: Sequence[str],
    sets: Sequence[str],
    checkpoints: Sequence[str],
    *,
    real: bool,
) -> Iterator[CaseScores]:
    for checkpoint in checkpoints:
        for set_name in sets:
            for patient in patients:
                number = int(patient[-3:])
                of_patient = {
                    "checkpoint": checkpoint,
                    "epoch": run.training.epochs if checkpoint == "final" else 2,
                    "set": set_name,
                    "patient": patient,
                    "structure": structure,
                    "group": GROUPS[number % 3] if set_name == "validation" else "",
                    "vendor": "Siemens" if set_name == "validation" else "GE",
                }
                volumes: dict[str, tuple[float, float]] = {}
                for time_point in ("ED", "ES"):
                    value = dice(run, set_name, patient, time_point)
                    if checkpoint == "best" and value is not None:
                        value += 0.01
                    true = (120.0 if time_point == "ED" else 50.0) + 4 * number
                    found = true * (1.1 - 0.1 * (1 if value is None else value))
                    volumes[time_point] = (true, found)
                    distance = 0.0 if value is None else 20 * (1 - value)
                    scores = {"dice": value or 0.0, "hd": 3 * distance, "hd95": 2 * distance, "assd": distance / 2}
                    scores |= {"nsd": value or 0.0}
                    scores |= {"slice_hd95": distance, "slice_hd95_basal": distance + 1, "slice_hd95_apical": 3.0}
                    yield CaseScores(
                        **of_patient,
                        time_point=time_point,
                        slices=8,
                        spacing_mm=(1.5, 1.5, 10.0),
                        true_positive=1000,
                        false_positive=100,
                        false_negative=true_voxels()[patient, time_point, structure] - 1000 if real else 100,
                        scores={**(scores if value is not None else {}), "volume_ml": found, "true_volume_ml": true},
                        undefined={} if value is not None else dict.fromkeys(scores, "both empty"),
                    )
                true_ef, ef = (100 * (1 - volumes["ES"][i] / volumes["ED"][i]) for i in (0, 1))
                yield CaseScores(
                    **of_patient,
                    time_point="patient",
                    scores={
                        "ef": ef,
                        "true_ef": true_ef,
                        "ef_error": ef - true_ef,
                        "absolute_ef_error": abs(ef - true_ef),
                        "edv_ml": volumes["ED"][1],
                        "true_edv_ml": volumes["ED"][0],
                        "edv_error_ml": volumes["ED"][1] - volumes["ED"][0],
                        "esv_ml": volumes["ES"][1],
                        "true_esv_ml": volumes["ES"][0],
                    },
                )


def log_cases(store: FolderStore, run: RunSpec, dice: CaseDice, **chosen: Any) -> None:
    """Write the scorecard of a run; `chosen` is passed to `cases_of`."""
    header = CasesHeader(run_id=run.run_id, spec_digest=run.digest, metrics=METRICS)
    store.put(RunLayout(run.experiment, run.run_id).cases, cases_to_bytes(header, cases_of(run, dice, **chosen)))
