"""The published files load, and their hearts pump as their diagnoses say."""

from __future__ import annotations

import os
from pathlib import Path
from statistics import mean, stdev

import pytest

from gridctl_trainer.contract.spec import DatasetSpec, DataSpec
from gridctl_trainer.dataset_check.check import check_set, find_sets
from gridctl_trainer.datasets.quality.plausibility import ejection_fraction
from gridctl_trainer.datasets.registry import find_sources
from gridctl_trainer.preprocessing.loading import load_set

ROOT = os.environ.get("GRIDCTL_TEST_DATA", "")

pytestmark = pytest.mark.skipif(
    not ROOT,
    reason="no real data: set GRIDCTL_TEST_DATA to a folder with ACDC in `acdc` and Sunnybrook in `sunnybrook`",
)

EJECTION_FRACTION = {"DCM": (0.05, 0.4), "HCM": (0.5, 0.9), "MINF": (0.1, 0.45), "NOR": (0.5, 0.8), "RV": (0.3, 0.8)}
"""Plausible ejection fractions by diagnosis (Bernard et al. 2018, section II-A), with some margin."""

ANY = (0.05, 0.8)


def test_every_patient_is_readable_and_nothing_is_wrong() -> None:
    for kind, (root, sources) in find_sets(Path(ROOT)).items():
        checked = check_set(kind, root, sources)
        assert not checked.wrong, [p.problems or p.oddities for p in checked.patients]
        for patient in checked.patients:
            low, high = EJECTION_FRACTION.get(patient.group, ANY)
            assert patient.ejection_fraction is not None
            assert low <= patient.ejection_fraction <= high, patient
            assert patient.volume_ml is not None
            assert 10 < min(patient.volume_ml) < max(patient.volume_ml) < 600


def test_they_are_prepared_for_training() -> None:
    for kind, (root, _) in find_sets(Path(ROOT)).items():
        prepared = load_set(
            DatasetSpec(dataset=kind, path=str(root)),
            DataSpec(train=DatasetSpec(dataset="acdc", path="-"), size_px=176),
            1,
        )
        assert 0 <= prepared.images.min() <= prepared.images.max() <= 1
        lost = sum(record.lost_ml for record in prepared.slices) / sum(record.cavity_ml for record in prepared.slices)
        assert lost < 0.01, "hearts lie within the square"


EJECTION_FRACTION_PERCENT = {
    "NOR": (60.3, 5.1),
    "MINF": (31.0, 8.1),
    "DCM": (18.4, 6.7),
    "HCM": (67.4, 8.9),
    "RV": (54.7, 6.1),
}
"""Mean and standard deviation over the twenty patients of each group, from the masks of all 100."""


@pytest.mark.slow
def test_hearts_of_each_group_pump_as_the_masks_of_all_100_patients_say() -> None:
    found: dict[str, list[float]] = {}
    for source in find_sources("acdc", Path(ROOT) / "acdc"):
        slices = source.read(1, lambda _oddity: None)
        fraction = ejection_fraction(slices)
        assert fraction is not None
        found.setdefault(slices[0].group, []).append(100 * fraction)
    assert {group: len(values) for group, values in found.items()} == dict.fromkeys(EJECTION_FRACTION_PERCENT, 20)
    measured = {group: (round(mean(values), 1), round(stdev(values), 1)) for group, values in found.items()}
    assert measured == EJECTION_FRACTION_PERCENT
