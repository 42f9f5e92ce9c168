"""Labels of another heart, cavities outside their wall and impossible volumes are reported, and nothing else."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from gridctl_trainer.datasets.acdc import patients as acdc
from gridctl_trainer.datasets.quality.contour_fit import bright_border_share
from gridctl_trainer.datasets.quality.oddities import Oddity
from gridctl_trainer.datasets.quality.plausibility import ejection_fraction, judge
from gridctl_trainer.datasets.slices import LabelledSlice
from gridctl_trainer.datasets.sunnybrook import patients as sunnybrook


def hearts(phantom: Path) -> list[list[LabelledSlice]]:
    first = [acdc.read_patient(folder) for folder in acdc.find_patients(phantom / "acdc")]
    return first + [sunnybrook.read_patient(patient) for patient in sunnybrook.find_patients(phantom / "sunnybrook")]


def judged(slices: list[LabelledSlice]) -> list[Oddity]:
    found: list[Oddity] = []
    judge(slices, found.append)
    return found


def test_right_labels_are_not_complained_of(phantom: Path) -> None:
    for slices in hearts(phantom):
        assert judged(slices) == []


def test_labels_that_lie_beside_the_heart_are_wrong(phantom: Path) -> None:
    for slices in hearts(phantom):
        moved = [
            dataclasses.replace(item, masks={"left_ventricle": np.roll(item.mask, (14, -10), (0, 1))})
            for item in slices
        ]
        (oddity,) = judged(moved)
        assert oddity.wrong
        assert "the labels of another patient?" in oddity.what
        assert oddity.where == str(slices[0].source.parent)


def test_one_slice_that_does_not_fit_is_only_worth_knowing(phantom: Path) -> None:
    slices = hearts(phantom)[0]
    dark = dataclasses.replace(slices[1], series=slices[1].series.max() - slices[1].series)
    found = judged([slices[0], dark, *slices[2:]])
    assert [(oddity.wrong, slices[1].name in oddity.what) for oddity in found] == [(False, True)]


def test_a_cavity_outside_the_outer_contour_is_wrong(phantom: Path) -> None:
    slices = hearts(phantom)[-1]
    index = next(i for i, item in enumerate(slices) if "epicardium" in item.structures)
    outer = np.roll(slices[index].structures["epicardium"], 25, 0)
    slices[index] = dataclasses.replace(
        slices[index], masks={"left_ventricle": slices[index].mask, "epicardium": outer}
    )
    found = judged(slices)
    assert [oddity.wrong for oddity in found] == [True]
    assert found[0].where == str(slices[index].source)


def test_gaps_and_volumes_no_heart_has_are_said(phantom: Path) -> None:
    slices = hearts(phantom)[0]
    gap = [
        dataclasses.replace(item, masks={"left_ventricle": np.zeros_like(item.mask)}) if item.index == 1 else item
        for item in slices
    ]
    assert any("no cavity on slices [1]" in oddity.what for oddity in judged(gap))
    huge = [dataclasses.replace(item, spacing_mm=(9.0, 9.0, 30.0)) for item in slices]
    assert any("is the spacing right?" in oddity.what for oddity in judged(huge))
    alone = [item for item in slices if item.phase == "ED"]
    assert any("only ED is labelled" in oddity.what for oddity in judged(alone))
    assert ejection_fraction(alone) is None


@pytest.mark.parametrize("bright", [True, False])
def test_the_share_of_the_border_is_one_for_a_bright_disc_and_none_for_a_dark_one(bright: bool) -> None:
    rows, columns = np.indices((60, 60))
    disc = ((rows - 30) ** 2 + (columns - 28) ** 2 < 150).astype(np.uint8)
    image = (disc if bright else 1 - disc).astype(np.float32)
    assert bright_border_share(image, disc) == (1.0 if bright else 0.0)
    assert bright_border_share(image, np.zeros_like(disc)) is None
