"""Cases are scored as scanned, so a model's output for the square is first mapped to the scanner's grid."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gridctl_trainer.contract.records.case_scores import CaseScores
from gridctl_trainer.contract.spec import DatasetSpec, DataSpec
from gridctl_trainer.contract.spec.scoring import CleanUp
from gridctl_trainer.datasets.acdc import patients as acdc
from gridctl_trainer.datasets.phantom.dataset import PhantomOptions, write_phantom
from gridctl_trainer.datasets.quality.plausibility import ejection_fraction
from gridctl_trainer.datasets.slices import cavity_ml
from gridctl_trainer.metrics.loading import load_metrics
from gridctl_trainer.preprocessing.loading import load_set
from gridctl_trainer.preprocessing.prepared import PreparedSet
from gridctl_trainer.training.cases.patient_function import patient_functions
from gridctl_trainer.training.cases.scoring import CaseScorer
from gridctl_trainer.training.evaluation import NonFiniteScoreError

STRUCTURES = ("left_ventricle", "myocardium", "right_ventricle")


class Oracle(nn.Module):
    """Predicts the true masks in the order of the images, each changed as specified."""

    def __init__(self, prepared: PreparedSet, change: Callable[[Tensor], Tensor] = lambda mask: mask) -> None:
        super().__init__()
        self._prepared, self._change, self._at = prepared, change, 0

    def forward(self, images: Tensor) -> Tensor:
        masks = torch.from_numpy(self._prepared.masks)[self._at : self._at + len(images)]
        self._at += len(images)
        classes = len(self._prepared.target)
        masks = self._change(masks)
        if classes == 1:
            return masks[:, None].float() - 0.5
        return nn.functional.one_hot(masks.long(), classes + 1).permute(0, 3, 1, 2).float()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "phantom"
    write_phantom(folder, PhantomOptions(patients=3, generalisation_patients=1, slices=3, seed=4))
    return folder


def load(
    whole: Path, size_px: int, target: Sequence[str] = STRUCTURES[:1], kind: str = "acdc", **steps: bool
) -> PreparedSet:
    data = DataSpec.model_validate(
        {"train": {"dataset": kind, "path": "-"}, "size_px": size_px, "target": list(target), "preprocessing": steps}
    )
    return load_set(DatasetSpec(dataset=kind, path=str(whole / kind)), data, 1)


def score(
    prepared: PreparedSet,
    model: nn.Module | None = None,
    clean_up: CleanUp = "none",
    metrics: Sequence[str] = ("dice",),
) -> list[CaseScores]:
    scorer = CaseScorer(load_metrics(metrics), clean_up, torch.device("cpu"))
    return list(scorer.score("validation", prepared, model or Oracle(prepared), "final", 1, 4))


@pytest.mark.parametrize("target", [STRUCTURES[:1], STRUCTURES])
def test_truth_that_was_not_resized_or_cut_scores_one(target: tuple[str, ...], whole: Path) -> None:
    cases = score(load(whole, 128, target))
    assert [(case.patient, case.time_point, case.structure) for case in cases] == [
        (f"patient00{number}", time_point, structure)
        for number in (1, 2, 3)
        for time_point in ("ED", "ES")
        for structure in target
    ]
    assert {case.scores["dice"] for case in cases} == {1.0}
    assert {(case.false_positive, case.false_negative) for case in cases} == {(0, 0)}
    assert {case.slices for case in cases} <= {3, 4, 5}
    assert all(case.group for case in cases)


@pytest.mark.parametrize("size_px", [96, 64])
def test_shrinking_costs_what_it_costs_and_volumes_are_those_as_scanned(whole: Path, size_px: int) -> None:
    prepared = load(whole, size_px)
    cases = score(prepared)
    assert min(case.scores["dice"] for case in cases) > 0.93
    for found, folder in zip(patient_functions(cases), acdc.find_patients(whole / "acdc"), strict=True):
        slices = acdc.read_patient(folder)
        assert found.true_edv_ml == pytest.approx(cavity_ml(slices, "ED"))
        assert found.true_esv_ml == pytest.approx(cavity_ml(slices, "ES"))
        assert found.true_ef == pytest.approx(ejection_fraction(slices))
        assert found.predicted_edv_ml == pytest.approx(found.true_edv_ml, rel=0.05)


def test_what_a_crop_cuts_off_counts_as_missed(whole: Path) -> None:
    prepared = load(whole, 16, resize=False)
    for case in score(prepared):
        of_case = [r for r in prepared.slices if (r.patient, r.phase) == (case.patient, case.time_point)]
        lost_ml = sum(record.lost_ml for record in of_case)
        assert lost_ml > 1
        assert case.false_positive == 0
        assert case.false_negative * np.prod(case.spacing_mm) / 1000 == pytest.approx(lost_ml)


def test_a_model_that_sees_nothing_has_no_ejection_fraction(whole: Path) -> None:
    prepared = load(whole, 32)
    cases = score(prepared, Oracle(prepared, torch.zeros_like))
    assert {case.scores["dice"] for case in cases} == {0.0}
    assert [found.predicted_ef for found in patient_functions(cases)] == [None] * 3


def test_voxels_are_counted_where_no_metric_of_cases_is_computed(whole: Path) -> None:
    cases = score(load(whole, 128), metrics=("soft_dice",))
    assert {tuple(case.scores) for case in cases} == {()}
    assert len(patient_functions(cases)) == 3


def test_unannotated_is_not_empty(whole: Path) -> None:
    """A slice without a contour does not count in a volume, whatever the model predicts."""
    prepared = load(whole, 128, STRUCTURES[:2])
    slices = [
        dataclasses.replace(record, unannotated=("myocardium",) if record.index == 1 else ())
        if record.phase == "ED"
        else dataclasses.replace(record, unannotated=("myocardium",))
        for record in prepared.all_slices
    ]
    part = dataclasses.replace(prepared, all_slices=tuple(slices))
    cases = score(part, Oracle(part, lambda masks: torch.full_like(masks, 2)))
    before = {(c.patient, c.time_point, c.structure): c for c in score(prepared, Oracle(prepared, lambda m: m))}
    assert {(case.time_point, case.structure) for case in cases} == {
        ("ED", "left_ventricle"),
        ("ED", "myocardium"),
        ("ES", "left_ventricle"),
    }
    for case in cases:
        all_slices = before[case.patient, case.time_point, case.structure].slices
        assert case.slices == all_slices - (case.structure == "myocardium")


def test_slices_that_are_no_volume_are_undefined_and_the_others_scored(whole: Path) -> None:
    prepared = load(whole, 128)
    slices = list(prepared.all_slices)
    slices[1] = dataclasses.replace(slices[1], spacing_mm=(1.5, 1.5, 9.0))
    cases = score(dataclasses.replace(prepared, all_slices=tuple(slices)))
    assert len(cases) == 6
    assert cases[0].undefined == {"dice": "its slices differ in spacing"}
    assert cases[0].true_positive is None
    assert all(case.scores == {"dice": 1.0} for case in cases[1:])
    assert [found.patient for found in patient_functions(cases)] == ["patient002", "patient003"]


def test_the_largest_component_alone_counts_where_that_is_declared(whole: Path) -> None:
    prepared = load(whole, 128)

    def with_specks(masks: Tensor) -> Tensor:
        specks = masks.clone()
        specks[:, 3:6, 3:6] = 1
        return specks

    dirty = score(prepared, Oracle(prepared, with_specks))
    clean = score(prepared, Oracle(prepared, with_specks), "largest_component")
    assert all(case.false_positive == 9 * case.slices for case in dirty)
    assert {case.scores["dice"] for case in clean} == {1.0}


def test_output_that_is_no_number_is_no_score(whole: Path) -> None:
    prepared = load(whole, 32)
    with pytest.raises(NonFiniteScoreError, match="minibatch 1 of"):
        score(prepared, Oracle(prepared, lambda masks: masks * float("nan")))
