"""Image and labels on different grids are refused, and the message says in what they differ and by how much."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest

from tests.e2e.data.conftest import check, run_trainer
from tests.e2e.data.nifti_forms import (
    PIXDIM_X,
    PIXDIM_Z,
    QFORM_CODE,
    SFORM_CODE,
    SROW_X,
    XYZT_UNITS,
    Change,
    affine,
    both,
    field,
    images,
    labels,
    patients_with,
    pixels,
    save,
    volumes,
)


def moved(*mm: float) -> Callable[[np.ndarray], np.ndarray]:
    return lambda matrix: matrix + np.pad(np.array([mm]).T, ((0, 1), (3, 0)))


def turned(degrees: float) -> Callable[[np.ndarray], np.ndarray]:
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return lambda matrix: np.array([[cosine, -sine, 0, 0], [sine, cosine, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]) @ matrix


def true_affine(_: np.ndarray) -> np.ndarray:
    """An affine that includes the spacing, as every tool except ACDC's writes it."""
    return np.array([[0, -1.5, 0, 90], [-1.5, 0, 0, 80], [0, 0, -10, 20], [0, 0, 0, 1]], dtype=float)


def spacing(*zooms: float) -> Change:
    def changed(patient: Path) -> None:
        for path in labels(patient):
            image = nibabel.load(path)
            save(path, np.asanyarray(image.dataobj), image.affine, zooms)

    return changed


def of_systole(files: Callable[[Path], list[Path]]) -> Callable[[Path], list[Path]]:
    return lambda patient: files(patient)[1:]


def systole(patient: Path) -> list[Path]:
    return [images(patient)[1], labels(patient)[1]]


def qform(change: Callable[[np.ndarray], np.ndarray]) -> Change:
    """Files with both sform and qform."""

    def changed(patient: Path) -> None:
        for path in volumes(patient):
            image = nibabel.load(path)
            image.set_sform(true_affine(image.affine), 1)
            image.set_qform(change(true_affine(image.affine)), 1)
            path.with_suffix("").write_bytes(image.to_bytes())
            path.unlink()

    return changed


SAME: dict[str, tuple[Change, str]] = {
    "as published": (lambda _: None, ""),
    "moved by a rounding error": (affine(moved(0.01, 0.02, 0.0)), ""),
    "turned by a rounding error": (affine(turned(1e-4)), ""),
    "affines with a spacing": (affine(true_affine, volumes), ""),
    "qform alone": (both(field(QFORM_CODE, "<h", 1), field(SFORM_CODE, "<h", 0)), ""),
    "micrometres": (
        both(
            field(XYZT_UNITS, "<b", 3),
            *(field(80 + 4 * axis, "<f", mm * 1000) for axis, mm in enumerate((1.5, 1.5, 10))),
        ),
        "",
    ),
    "labels without a place": (field(SFORM_CODE, "<h", 0, labels), "only shape and spacing"),
    "nothing with a place": (field(SFORM_CODE, "<h", 0), "only shape and spacing"),
    "two forms that disagree": (qform(moved(0, 30, 0)), "its sform and qform place voxels up to 30 mm apart"),
    "two forms that agree": (qform(moved(0, 0, 0)), ""),
}
OTHER: dict[str, tuple[Change, str, Callable[[Path], list[Path]]]] = {
    "moved": (affine(moved(0, 5, 0)), "origin 7.5 mm away", labels),
    "moved by a third of a voxel": (affine(moved(0.33, 0, 0)), "origin 0.495 mm away", labels),
    "mirrored": (affine(lambda matrix: np.diag([-1, 1, 1, 1]) @ matrix), "orientation RPS instead of LPS", labels),
    "axes swapped": (affine(lambda matrix: matrix[:, [1, 0, 2, 3]]), "orientation PLS instead of LPS", labels),
    "turned": (affine(turned(3)), "orientation turned by 3 degrees", labels),
    "another spacing": (spacing(1.5, 1.6, 10), "spacing 1.5 x 1.6 x 10 mm instead of 1.5 x 1.5 x 10 mm", labels),
    "another shape": (pixels(lambda array: array[:-2], labels), "shape (126, 128, ", labels),
    "end-systole elsewhere": (affine(moved(9, 0, 0), systole), "frame01.nii.gz: origin 13.5 mm", of_systole(images)),
    "an affine that denies pixdim": (
        affine(lambda matrix: np.diag([-3.0, -3.0, 10.0, 1.0]), volumes),
        "its sform has a spacing of 3 x 3 x 10 mm, but its pixdim one of 1.5 x 1.5 x 10 mm",
        volumes,
    ),
    "no place in space": (field(SROW_X, "<f", 0, labels), "its affine is not a valid position", labels),
    "pixdim 0": (field(PIXDIM_Z, "<f", 0), "spacing of 1.5 x 1.5 x 0 mm", volumes),
    "a negative pixdim": (field(PIXDIM_X, "<f", -1.5), "spacing of -1.5 x 1.5 x 10 mm", volumes),
    "metres": (field(XYZT_UNITS, "<b", 1), "spacing of 1.5 x 1.5 x 10 m,", volumes),
    "a unit that is none": (field(XYZT_UNITS, "<b", 5), "its xyzt_units is 5", volumes),
}


def test_one_grid_written_in_other_ways_is_read_the_same(small_set: Path, tmp_path: Path) -> None:
    patients = patients_with(small_set, tmp_path / "set", {name: change for name, (change, _) in SAME.items()})
    checked = check(tmp_path / "set")
    first = checked[patients["as published"]]
    for name, patient in patients.items():
        said = {oddity["what"] for oddity in checked[patient]["oddities"]}
        assert bool(said) == bool(SAME[name][1]), (name, said)
        assert all(SAME[name][1] in what for what in said), (name, said)
        for phase, found in checked[patient]["phases"].items():
            assert found == pytest.approx(first["phases"][phase], rel=1e-6), name


def test_another_grid_is_refused_with_what_differs_and_by_how_much(small_set: Path, tmp_path: Path) -> None:
    patients = patients_with(small_set, tmp_path / "set", {name: change for name, (change, _, _) in OTHER.items()})
    checked = check(tmp_path / "set", exit_code=3)
    for name, patient in patients.items():
        _, said, files = OTHER[name]
        problems = {problem["where"]: problem["what"] for problem in checked[patient]["problems"]}
        assert set(problems) == {str(path) for path in files(tmp_path / "set" / patient)}, name
        assert all(said in what for what in problems.values()), (name, problems)
    packed = run_trainer("data", "pack", tmp_path / "set", tmp_path / "packs")
    assert packed.returncode == 3
    assert "patient001_frame01_gt.nii.gz: it is not on the grid of patient001_frame01.nii.gz" in packed.stderr
    assert not list((tmp_path / "packs").glob("*/pack.json"))


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Patients with every frame of the cardiac cycle."""
    root = tmp_path_factory.mktemp("data") / "recorded"
    sizes = ["--patients", "2", "--generalisation-patients", "1", "--slices", "1"]
    assert run_trainer("data", "phantom", root, *sizes, "--series").returncode == 0
    return root


def test_the_recording_around_the_volumes_must_be_theirs(recorded: Path, tmp_path: Path) -> None:
    folder = recorded / "acdc"
    first, second = sorted(folder.rglob("*_4d.nii.gz"))
    affine(moved(0, 4, 0), lambda _: [first])(first.parent)
    pixels(lambda array: array / 7, lambda _: [second])(second.parent)
    checked = check(folder, exit_code=3)
    assert "origin 6 mm away" in checked["patient001"]["oddities"][0]["what"]
    assert "its frame 1 is not the ED volume patient002_frame01.nii.gz: values 0 to" in str(checked["patient002"])
    assert run_trainer("data", "pack", folder, tmp_path / "one").returncode == 0, "without context it is not read"
    packed = run_trainer("data", "pack", folder, tmp_path / "more", "--frames", "2")
    assert packed.returncode == 3
    assert f"{first}: it is not on the grid of the ED volume patient001_frame01.nii.gz" in packed.stderr
    assert f"{second}: its frame 1 is not the ED volume" in packed.stderr


def test_frames_of_a_slice_must_show_that_slice(recorded: Path, tmp_path: Path) -> None:
    root = recorded / "sunnybrook"
    numbers = sorted(int(path.name.split("-")[2]) for path in root.rglob("*-icontour-manual.txt"))
    systole = next(number for number in numbers if 4 < number < 16)
    (before,) = root.rglob(f"IM-*-{systole - 1:04d}.dcm")
    dataset = pydicom.dcmread(before)
    dataset.ImagePositionPatient = [0, 0, 7]
    dataset.save_as(before)
    packed = run_trainer("data", "pack", root, tmp_path / "packs", "--frames", "2")
    assert packed.returncode == 3
    assert f"{before}: it is not on the grid of" in packed.stderr
    assert "origin 7 mm away" in packed.stderr


def test_images_of_a_stack_that_differ_are_named(own_set: Path) -> None:
    folders = sorted(own_set.glob("sunnybrook/challenge_training/*"))
    changes = [("PixelSpacing", [1.4, 1.5], "PixelSpacing 1.4 x 1.5 mm instead of 1.4 x 1.4 mm")]
    changes += [("ImageOrientationPatient", [1, 0, 0, 0, 0.9848, 0.1736], "orientation turned by 10 degrees")]
    for folder, (keyword, value, _) in zip(folders, changes, strict=True):
        labelled = {path.name.split("-")[2] for path in own_set.rglob("*-icontour-manual.txt")}
        last = max(path for path in folder.iterdir() if path.stem[-4:] in labelled)
        dataset = pydicom.dcmread(last)
        setattr(dataset, keyword, value)
        dataset.save_as(last)
    checked = check(own_set / "sunnybrook", exit_code=3)
    for folder, (_, _, said) in zip(folders, changes, strict=True):
        wrong = [oddity for oddity in checked[folder.name]["oddities"] if oddity["wrong"]]
        assert any(said in oddity["what"] and str(folder) in oddity["where"] for oddity in wrong), wrong
