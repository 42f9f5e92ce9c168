"""Swapped labels, blank or repeated images, specks and wrong outer contours are all reported."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gridctl_trainer.datasets.acdc import patients as acdc
from gridctl_trainer.datasets.derived_structures import with_derived
from gridctl_trainer.datasets.quality.oddities import Oddity, settled
from gridctl_trainer.datasets.quality.plausibility import judge
from gridctl_trainer.datasets.slices import LabelledSlice
from gridctl_trainer.datasets.sunnybrook import patients as sunnybrook

LV, RV, MYOCARDIUM = "left_ventricle", "right_ventricle", "myocardium"


def heart(phantom: Path) -> list[LabelledSlice]:
    return acdc.read_patient(acdc.find_patients(phantom / "acdc")[0])


def judged(slices: list[LabelledSlice], target: tuple[str, ...] = (LV,)) -> list[Oddity]:
    found: list[Oddity] = []
    judge(slices, found.append)
    return [settled(oddity, target) for oddity in found]


def renamed(labelled: LabelledSlice, one: str, other: str) -> LabelledSlice:
    names = {one: other, other: one}
    published = {name: mask for name, mask in labelled.masks.items() if name != "epicardium"}
    swapped = {names.get(name, name): mask for name, mask in published.items()}
    return dataclasses.replace(labelled, masks=with_derived(swapped))


@pytest.mark.parametrize(
    ("one", "other"), [(LV, RV), (LV, MYOCARDIUM), (RV, MYOCARDIUM)], ids=["LV-RV", "LV-muscle", "RV-muscle"]
)
@pytest.mark.parametrize("phases", [("ED", "ES"), ("ES",)], ids=["patient", "one time point"])
def test_swapped_labels_are_wrong_and_say_which(phantom: Path, one: str, other: str, phases: tuple[str, ...]) -> None:
    slices = [renamed(item, one, other) if item.phase in phases else item for item in heart(phantom)]
    said = [oddity for oddity in judged(slices) if "are swapped" in oddity.what]
    assert [oddity.what.partition(":")[0] for oddity in said] == list(phases)
    for oddity in said:
        assert oddity.wrong
        assert one.replace("_", " ") in oddity.what
        assert other.replace("_", " ") in oddity.what


def test_a_volume_that_no_heart_has_is_wrong(phantom: Path) -> None:
    whole = [dataclasses.replace(item, index=item.index + more) for more in (0, 10) for item in heart(phantom)]
    slices = [dataclasses.replace(item, spacing_mm=(1.0, 1.0, 2.0)) for item in whole]
    (oddity,) = [oddity for oddity in judged(slices) if "is the spacing right?" in oddity.what]
    assert oddity.wrong
    assert "1 x 1 x 2 mm" in oddity.what


def test_a_blank_image_is_a_note_and_labels_on_one_are_wrong(phantom: Path) -> None:
    slices = heart(phantom)
    blank = dataclasses.replace(slices[1], series=np.zeros_like(slices[1].series))
    labelled = [oddity for oddity in judged([slices[0], blank, *slices[2:]]) if "blank" in oddity.what]
    assert [oddity.wrong for oddity in labelled] == [True]
    assert slices[1].name in labelled[0].what
    nothing = {name: np.zeros_like(mask) for name, mask in blank.masks.items()}
    empty = dataclasses.replace(blank, masks=nothing, index=99)
    assert [o.wrong for o in judged([*slices, empty]) if "blank" in o.what] == [False]


def test_the_same_image_twice_is_said(phantom: Path) -> None:
    slices = heart(phantom)
    first, later = slices[0], next(item for item in slices if item.phase == "ES")
    copied = [dataclasses.replace(item, series=first.series) if item is later else item for item in slices]
    assert any("the same image at two time points" in oddity.what for oddity in judged(copied))


def test_specks_are_said_once_for_a_patient(phantom: Path) -> None:
    slices = heart(phantom)
    for at in (0, 1):
        mask = slices[at].mask.copy()
        mask[2, 2] = 1
        slices[at] = dataclasses.replace(slices[at], masks={**slices[at].masks, LV: mask})
    (oddity,) = [oddity for oddity in judged(slices) if "a few pixels" in oddity.what]
    assert not oddity.wrong
    assert "left_ventricle on ED slice 00, left_ventricle on ED slice 01" in oddity.what


def outer(patient: sunnybrook.Patient) -> Path:
    return next(iter(patient.contours["o"].values()))


MISDRAWN: dict[str, Callable[[Path], object]] = {
    "another heart's": lambda path: path.write_text(
        "".join(f"{float(x) / 4:.2f} {float(y) / 4:.2f}\n" for x, y in map(str.split, path.read_text().splitlines()))
    ),
    "outside the image": lambda path: path.write_text("900 900\n901 900\n901 901\n"),
    "no numbers": lambda path: path.write_text("nothing\n"),
}


@pytest.mark.parametrize("how", MISDRAWN)
def test_a_wrong_outer_contour_leaves_the_inner_one_as_right_as_it_was(phantom: Path, tmp_path: Path, how: str) -> None:
    copy = shutil.copytree(phantom / "sunnybrook", tmp_path / "sunnybrook")
    patient = sunnybrook.find_patients(copy)[0]
    right = sunnybrook.read_patient(patient)
    MISDRAWN[how](outer(patient))
    said: list[Oddity] = []
    slices = sunnybrook.read_patient(patient, notice=said.append)
    judge(slices, said.append)
    assert [item.mask.tolist() for item in slices] == [item.mask.tolist() for item in right]
    (oddity,) = said
    assert not settled(oddity, (LV,)).wrong
    assert settled(oddity, (LV, "epicardium")).wrong
    assert settled(oddity, (MYOCARDIUM,)).wrong


def test_epicardium_and_myocardium_follow_from_each_other(phantom: Path) -> None:
    for item in heart(phantom):
        np.testing.assert_array_equal(item.masks["epicardium"], item.mask | item.masks[MYOCARDIUM])
    slices = sunnybrook.read_patient(sunnybrook.find_patients(phantom / "sunnybrook")[0])
    outlined = [item for item in slices if "epicardium" in item.masks]
    assert 0 < len(outlined) < len(slices)
    for item in outlined:
        np.testing.assert_array_equal(item.masks[MYOCARDIUM] | item.mask, item.masks["epicardium"])
    assert all(MYOCARDIUM not in item.masks for item in slices if "epicardium" not in item.masks)
