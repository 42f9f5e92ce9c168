"""Ejection fraction of a model's masks: in ml of the patient, whatever the images were shrunk to."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gridctl_trainer.contract.spec import DatasetSpec, DataSpec
from gridctl_trainer.datasets.acdc import patients as acdc
from gridctl_trainer.datasets.phantom.dataset import PhantomOptions, write_phantom
from gridctl_trainer.datasets.quality.plausibility import ejection_fraction
from gridctl_trainer.datasets.slices import cavity_ml
from gridctl_trainer.preprocessing.loading import load_set
from gridctl_trainer.preprocessing.prepared import PreparedSet
from gridctl_trainer.training.ejection_fraction import patient_functions

CPU = torch.device("cpu")


class Oracle(nn.Module):
    """Says the true masks, in the order in which the images come; or nothing at all."""

    def __init__(self, prepared: PreparedSet, *, blind: bool = False) -> None:
        super().__init__()
        self._masks = torch.from_numpy(prepared.masks)[:, None].float() * (0.0 if blind else 1.0)
        self._at = 0

    def forward(self, images: Tensor) -> Tensor:
        self._at += len(images)
        return self._masks[self._at - len(images) : self._at] - 0.5


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "phantom"
    write_phantom(folder, PhantomOptions(patients=3, generalisation_patients=1, slices=3, seed=4))
    return folder / "acdc"


@pytest.mark.parametrize("size_px", [128, 96, 64])
def test_shrinking_does_not_change_volumes(whole: Path, size_px: int) -> None:
    """True ones at all, predicted ones by more than what nearest pixels lose at the border."""
    prepared = load_set(
        DatasetSpec(dataset="acdc", path=str(whole)),
        DataSpec(train=DatasetSpec(dataset="acdc", path="-"), size_px=size_px),
        1,
    )
    found = patient_functions("validation", Oracle(prepared), prepared, 4, CPU)
    assert [record.patient for record in found] == ["patient001", "patient002", "patient003"]
    for record, folder in zip(found, acdc.find_patients(whole), strict=True):
        slices = acdc.read_patient(folder)
        assert record.true_edv_ml == pytest.approx(cavity_ml(slices, "ED"))
        assert record.true_esv_ml == pytest.approx(cavity_ml(slices, "ES"))
        assert record.true_ef == pytest.approx(ejection_fraction(slices))
        near = 1e-9 if size_px == 128 else 0.04
        assert record.predicted_edv_ml == pytest.approx(record.true_edv_ml, rel=near)
        assert record.predicted_ef == pytest.approx(record.true_ef, abs=near)


def test_what_a_crop_cuts_off_counts_as_missed_and_is_known(whole: Path) -> None:
    data = DataSpec.model_validate(
        {"train": {"dataset": "acdc", "path": "-"}, "size_px": 16, "preprocessing": {"resize": False}}
    )
    prepared = load_set(DatasetSpec(dataset="acdc", path=str(whole)), data, 1)
    found = patient_functions("sunnybrook", Oracle(prepared), prepared, 7, CPU)
    for record in found:
        lost = sum(s.lost_ml for s in prepared.slices if s.patient == record.patient and s.phase == "ED")
        assert lost > 1
        assert record.predicted_edv_ml + lost == pytest.approx(record.true_edv_ml)


def test_a_model_that_sees_nothing_has_no_ejection_fraction(whole: Path) -> None:
    prepared = load_set(
        DatasetSpec(dataset="acdc", path=str(whole)),
        DataSpec(train=DatasetSpec(dataset="acdc", path="-"), size_px=32),
        1,
    )
    for record in patient_functions("validation", Oracle(prepared, blind=True), prepared, 4, CPU):
        assert (record.predicted_edv_ml, record.predicted_esv_ml, record.predicted_ef) == (0, 0, None)


def test_patients_with_one_phase_or_no_slice_distance_are_left_out(whole: Path) -> None:
    prepared = load_set(
        DatasetSpec(dataset="acdc", path=str(whole)),
        DataSpec(train=DatasetSpec(dataset="acdc", path="-"), size_px=32),
        1,
    )
    slices = [
        dataclasses.replace(record, cavity_ml=0.0, pixel_ml=0.0) if record.patient == "patient001" else record
        for record in prepared.all_slices
    ]
    rows = [row for row, record in enumerate(slices) if not (record.patient == "patient002" and record.phase == "ES")]
    part = dataclasses.replace(prepared, all_slices=tuple(slices), rows=np.array(rows))
    found = patient_functions("validation", Oracle(part), part, 4, CPU)
    assert [record.patient for record in found] == ["patient003"]
