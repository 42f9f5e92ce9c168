"""M&Ms and M&Ms-2 are read with frames from the table, labels by name, vendor and centre; misfits are named."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pytest

from gridctl_trainer.contract.errors import DataError
from gridctl_trainer.datasets.quality.oddities import Oddity
from gridctl_trainer.datasets.registry import find_sources, find_test_root
from gridctl_trainer.datasets.slices import LabelledSlice
from tests.published_layouts import CODES, hearts, write_mnms, write_mnms2


@pytest.fixture(scope="module")
def published(phantom: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("published")
    return {"mnms": write_mnms(root / "OpenDataset", phantom), "mnms2": write_mnms2(root / "MnM2", phantom)}


def read(kind: str, root: Path, frames: int = 1) -> list[LabelledSlice]:
    said: list[Oddity] = []
    return [item for source in find_sources(kind, root) for item in source.read(frames, said.append)]


@pytest.mark.parametrize("kind", ["mnms", "mnms2"])
def test_images_and_labels_are_those_of_the_hearts_by_name(
    kind: str, published: dict[str, Path], phantom: Path
) -> None:
    found = read(kind, published[kind])
    wanted = [item for slices in hearts(phantom) for item in slices]
    assert len(found) == len(wanted)
    for one, other in zip(found, wanted, strict=True):
        assert (one.phase, one.index) == (other.phase, other.index)
        np.testing.assert_array_equal(one.image, other.image)
        assert one.masks.keys() == other.masks.keys()
        for name, mask in one.masks.items():
            np.testing.assert_array_equal(mask, other.masks[name], err_msg=name)
        assert one.spacing_mm == pytest.approx(other.spacing_mm)


@pytest.mark.parametrize("kind", ["mnms", "mnms2"])
def test_nothing_is_odd_about_sound_patients(kind: str, published: dict[str, Path]) -> None:
    said: list[Oddity] = []
    for source in find_sources(kind, published[kind]):
        source.judge(source.read(1, said.append), said.append)
    assert said == []


def test_diagnosis_vendor_and_centre_are_those_of_the_tables(published: dict[str, Path]) -> None:
    first, second = (read("mnms", published["mnms"])[at] for at in (0, -1))
    assert (first.patient, first.group, first.vendor, first.centre) == (CODES[0], "HCM", "Siemens", "1")
    assert second.patient == CODES[2]
    other = read("mnms2", published["mnms2"])[0]
    assert (other.patient, other.group, other.vendor, other.centre) == ("001", "FALL", "GE MEDICAL SYSTEMS", "")


def test_frames_before_the_labelled_ones_are_those_of_the_recording(published: dict[str, Path]) -> None:
    (source, *_) = find_sources("mnms", published["mnms"])
    said: list[Oddity] = []
    slices = source.read(3, said.append)
    recorded = np.asanyarray(nibabel.load(source.files[0]).dataobj).transpose(3, 2, 1, 0)
    for item in slices:
        numbers = [3, 2, 1] if item.phase == "ED" else [1, 2, 3]
        np.testing.assert_array_equal(item.series, recorded[numbers, item.index])
    assert not said
    source.read(6, said.append)
    assert [oddity.what.partition(" is padded")[0] for oddity in said] == [
        "the series of 6 frames to ED",
        "the series of 6 frames to ES",
    ]


def test_the_test_part_is_another_set(published: dict[str, Path], phantom: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(published["mnms"], tmp_path / "set"))
    assert find_test_root("mnms", root) is None
    write_mnms(root, phantom, part="Testing")
    for given in (root, root / "Training", root / "Training" / "Labeled"):
        assert find_test_root("mnms", given) == root / "Testing"
        assert len(find_sources("mnms", given)) == len(CODES)
    assert find_test_root("mnms", root / "Testing") is None
    assert all("Testing" in str(source.files[0]) for source in find_sources("mnms", root / "Testing"))


TABLE = "211230_M&Ms_Dataset_information_diagnosis_opendataset.csv"


def from_one(root: Path) -> None:
    text = (root / TABLE).read_text()
    (root / TABLE).write_text(text.replace(",1,3,6", ",2,4,6"))


def without_column(root: Path) -> None:
    (root / TABLE).write_text((root / TABLE).read_text().replace(",ED,", ",diastole,"))


def without_row(root: Path) -> None:
    lines = (root / TABLE).read_text().splitlines()
    (root / TABLE).write_text("\n".join(line for line in lines if CODES[1] not in line))


def without_image(root: Path) -> None:
    next(root.rglob(f"{CODES[1]}_sa.nii.gz")).unlink()


def unknown_label(root: Path) -> None:
    path = next(root.rglob(f"{CODES[1]}_sa_gt.nii.gz"))
    image = nibabel.load(path)
    labels = np.asanyarray(image.dataobj).copy()
    labels[labels == 3] = 4
    nibabel.save(nibabel.Nifti1Image(labels, image.affine, image.header), path)


WRONG: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "frames from 1": (from_one, f"{CODES[0]}_sa_gt.nii.gz", "labelled frames: 1, 3"),
    "no column": (without_column, f"{TABLE}:1", "it has no column ED"),
    "no row": (without_row, TABLE, f"there is no row for {CODES[1]}"),
    "no table": (lambda root: (root / TABLE).unlink(), "", "there is no table of the patients"),
    "no image": (without_image, f"{CODES[1]}_sa_gt.nii.gz", "is not beside it"),
    "unknown label": (unknown_label, f"{CODES[1]}_sa_gt.nii.gz", "it holds the labels [4]"),
}


@pytest.mark.parametrize("how", WRONG)
def test_what_does_not_fit_is_named(how: str, published: dict[str, Path], tmp_path: Path) -> None:
    root = Path(shutil.copytree(published["mnms"], tmp_path / "set"))
    change, where, what = WRONG[how]
    change(root)
    with pytest.raises(DataError) as raised:
        read("mnms", root)
    assert what in str(raised.value)
    assert where in str(raised.value)


def test_a_missing_volume_of_m_and_ms_2_is_named_and_the_table_may_be_missing(
    published: dict[str, Path], tmp_path: Path
) -> None:
    root = Path(shutil.copytree(published["mnms2"], tmp_path / "set"))
    (root / "dataset_information.csv").unlink()
    assert {item.group for item in read("mnms2", root)} == {""}
    (root / "dataset" / "002" / "002_SA_ES.nii.gz").unlink()
    with pytest.raises(DataError, match=r"it lacks 002_SA_ES.nii.gz"):
        find_sources("mnms2", root)
