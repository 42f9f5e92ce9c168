"""The published files themselves: they load, and their hearts pump as their diagnoses say."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gridctl_trainer.contract.spec import DatasetSpec, DataSpec
from gridctl_trainer.dataset_check.check import check_set, find_sets
from gridctl_trainer.preprocessing.loading import load_set

ROOT = os.environ.get("GRIDCTL_TEST_DATA", "")

pytestmark = pytest.mark.skipif(
    not ROOT,
    reason="no real data: set GRIDCTL_TEST_DATA to a folder with ACDC in `acdc` and Sunnybrook in `sunnybrook`",
)

EJECTION_FRACTION = {"DCM": (0.05, 0.4), "HCM": (0.5, 0.9), "MINF": (0.1, 0.45), "NOR": (0.5, 0.8), "RV": (0.3, 0.8)}
"""Plausible ones by diagnosis (Bernard et al. 2018, section II-A), with some margin; any other: below."""

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
