"""ACDC's files are read in both layouts, with Info.cfg as published and axes in order; mistakes name the file."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import nibabel
import numpy as np
import pytest

from gridctl_trainer.contract.errors import DataError
from gridctl_trainer.datasets.acdc.patients import find_patients, read_patient
from gridctl_trainer.datasets.formats.info_cfg import read_info
from gridctl_trainer.datasets.formats.nifti import read_volume


@pytest.fixture
def patient(phantom: Path, tmp_path: Path) -> Path:
    """A copy of a patient, which tests damage."""
    source = find_patients(phantom / "acdc")[0]
    return Path(shutil.copytree(source, tmp_path / source.name))


def volume(path: Path, array: np.ndarray, zooms: tuple[float, ...] = (1.5, 1.25, 10.0)) -> Path:
    image = nibabel.nifti1.Nifti1Image(array, np.diag([-1, -1, 1, 1]))
    image.header.set_zooms(zooms)  # type: ignore[no-untyped-call]
    nibabel.save(image, path)  # type: ignore[no-untyped-call]
    return path


@pytest.mark.parametrize("layout", ["", "training", "database/training"])
def test_patients_are_found_in_every_published_layout(layout: str, tmp_path: Path) -> None:
    for name in ("patient010", "patient002", "not_a_patient"):
        (tmp_path / layout / name).mkdir(parents=True)
    (tmp_path / layout / "MANDATORY_CITATION.md").write_text("cite")
    assert [path.name for path in find_patients(tmp_path)] == ["patient002", "patient010"]


def test_testing_patients_are_left_alone(tmp_path: Path) -> None:
    for folder in ("training/patient001", "testing/patient101"):
        (tmp_path / "database" / folder).mkdir(parents=True)
    assert [path.name for path in find_patients(tmp_path)] == ["patient001"]


def test_a_folder_without_patients_says_what_belongs_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no patient of ACDC in this folder: it is empty"):
        find_patients(tmp_path)
    with pytest.raises(DataError, match="no such folder") as raised:
        find_patients(tmp_path / "nowhere")
    assert "gridctl-trainer data phantom" in raised.value.problems[0].fix


def test_in_a_pod_a_missing_folder_is_a_matter_of_volumes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDCTL_IMAGE", "gridctl-trainer:1")
    monkeypatch.setattr("os.path.ismount", lambda path: str(path) == "/")
    with pytest.raises(DataError, match="no such folder") as raised:
        find_patients(Path("/data/acdc-of-nobody"))
    fix = raised.value.problems[0].fix
    assert "kubernetes.volumes, as in {/data: {claim: NAME}}, or give s3://bucket/prefix as its path" in fix
    assert "phantom" not in fix
    monkeypatch.setattr("os.path.ismount", lambda path: str(path) in ("/", str(tmp_path)))
    with pytest.raises(DataError, match="no such folder") as raised:
        find_patients(tmp_path / "nowhere")
    assert f"the volume mounted at {tmp_path} does not hold it" in raised.value.problems[0].fix


@pytest.mark.parametrize(
    "text",
    [
        "ED: 1\nES: 12\nGroup: DCM\nHeight: 184.0\nNbFrame: 30\nWeight: 95.0\n",
        "ED: 1\r\nES: 12\r\nGroup: DCM\r\n",
        "Group: DCM\nES:12\nED:1",
        "ED: 1.0\nES: 12\n\n",
    ],
)
def test_info_as_it_is_found(text: str, tmp_path: Path) -> None:
    path = tmp_path / "Info.cfg"
    path.write_bytes(text.encode())
    assert read_info(path).frames == {"ED": 1, "ES": 12}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ES: 12\n", "the key ED is missing"),
        ("", "the key ED is missing"),
        ("ED: one\nES: 12\n", "Info.cfg:1: ED is 'one', not a frame number"),
        ("ED: 1\nES: 0\n", "Info.cfg:2: ES is '0', not a frame number"),
        ("ED: nan\nES: 12\n", "not a frame number"),
        ("ED: 1\nES: 12\nNbFrame: 11\n", "Info.cfg:2: ES is 12, but NbFrame is 11"),
        ("ED: 4\nES: 4\n", "the same frame 4"),
    ],
)
def test_a_wrong_info_is_named(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "Info.cfg"
    path.write_text(text)
    with pytest.raises(DataError, match=said) as raised:
        read_info(path)
    assert str(path) in str(raised.value)


def test_all_mistakes_of_an_info_at_once(tmp_path: Path) -> None:
    path = tmp_path / "Info.cfg"
    path.write_text("Group: NOR\n")
    with pytest.raises(DataError) as raised:
        read_info(path)
    assert [problem.what for problem in raised.value.problems] == ["the key ED is missing", "the key ES is missing"]


def test_end_diastole_is_the_frame_that_info_names_and_never_assumed_to_be_the_first(patient: Path) -> None:
    """Swap ED and ES; frames are renamed accordingly, so nothing else may change."""
    before = {s.phase: s.mask.sum() for s in read_patient(patient) if s.index == 1}
    frames = read_info(patient / "Info.cfg").frames
    for suffix in (".nii.gz", "_gt.nii.gz"):
        ed, es = (patient / f"{patient.name}_frame{frames[phase]:02d}{suffix}" for phase in ("ED", "ES"))
        ed.rename(patient / "aside")
        es.rename(ed)
        (patient / "aside").rename(es)
    (patient / "Info.cfg").write_text(f"ES: {frames['ED']}\nED: {frames['ES']}\n")
    assert {s.phase: s.mask.sum() for s in read_patient(patient) if s.index == 1} == before


def test_swapped_phases_are_named_because_a_heart_is_smallest_at_end_systole(patient: Path) -> None:
    frames = read_info(patient / "Info.cfg").frames
    (patient / "Info.cfg").write_text(f"ES: {frames['ED']}\nED: {frames['ES']}\n")
    with pytest.raises(DataError, match="are ED and ES swapped") as raised:
        read_patient(patient)
    assert raised.value.problems[0].where == str(patient / "Info.cfg")


def test_volumes_that_were_unpacked_read_the_same(patient: Path) -> None:
    before = read_patient(patient)
    for path in list(patient.glob("*.nii.gz")):
        path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
        path.unlink()
    for old, new in zip(before, read_patient(patient), strict=True):
        np.testing.assert_array_equal(old.image, new.image)
        np.testing.assert_array_equal(old.mask, new.mask)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32", "float64"])
def test_arrays_become_slices_rows_columns_with_the_header_zooms(dtype: str, tmp_path: Path) -> None:
    array = np.zeros((7, 5, 3), dtype=dtype)  # x, y, z
    array[6, 1, 2] = 9
    found = read_volume(volume(tmp_path / "a.nii.gz", array))
    read, spacing_mm = found.array, found.spacing_mm
    assert read.shape == (3, 5, 7)
    assert read[2, 1, 6] == 9
    assert spacing_mm == (1.25, 1.5, 10.0), "of rows (y), columns (x), slices: the affine says 1, 1, 1"


def test_slices_without_any_label_are_kept(patient: Path) -> None:
    for path in patient.glob("*_gt.nii.gz"):
        read = read_volume(path)
        labels, spacing = read.array.copy(), read.spacing_mm
        labels[0] = 0
        volume(path, labels.transpose(2, 1, 0), (spacing[1], spacing[0], spacing[2]))
    slices = read_patient(patient)
    assert any(not s.mask.any() for s in slices)
    assert all(s.image.any() for s in slices)


def broken(patient: Path, what: str) -> Path:
    """Damage a patient, and return the file that must be named."""
    label = next(patient.glob("*_gt.nii.gz"))
    image = label.with_name(label.name.replace("_gt", ""))
    labels = read_volume(label).array
    turned = labels.transpose(2, 1, 0)
    if what == "missing":
        image.unlink()
        return image
    if what == "truncated":
        image.write_bytes(image.read_bytes()[:2000])
        return image
    if what == "text":
        image.write_text("no volume")
        return image
    if what == "four-dimensional":
        return volume(image, np.zeros((4, 4, 2, 3), np.int16), (1.0, 1.0, 1.0, 1.0))
    if what == "huge":
        return volume(image, np.full(turned.shape, 1e30, np.float32))
    if what == "spacing":
        return volume(label, turned, (1.5, 3.0, 10.0))
    if what == "not finite":
        return volume(image, np.full(turned.shape, np.nan, np.float32))
    if what == "unknown label":
        return volume(label, np.where(turned == 3, 7, turned).astype(np.uint8))
    if what == "no left ventricle":
        return volume(label, np.zeros_like(turned))
    return volume(label, turned[:-2])


@pytest.mark.parametrize(
    "what",
    [
        "missing",
        "truncated",
        "text",
        "four-dimensional",
        "not finite",
        "huge",
        "spacing",
        "unknown label",
        "no left ventricle",
        "shape",
    ],
)
def test_a_broken_file_is_named(what: str, patient: Path) -> None:
    path = broken(patient, what)
    with pytest.raises(DataError) as raised:
        read_patient(patient)
    assert str(path) in {problem.where for problem in raised.value.problems}


def test_all_broken_files_of_a_patient_at_once(patient: Path) -> None:
    for path in patient.glob("*.nii.gz"):
        path.write_bytes(b"")
    with pytest.raises(DataError) as raised:
        read_patient(patient)
    assert len(raised.value.problems) == 4
