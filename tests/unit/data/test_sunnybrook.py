"""Sunnybrook's files are read in both editions, joined by numbers, with pixels and contours in the right axes."""

from __future__ import annotations

import re
import shutil
from pathlib import Path, PurePosixPath

import numpy as np
import pydicom
import pytest

from gridctl_trainer.contract.errors import DataError
from gridctl_trainer.datasets.formats.dicom import read_dicom
from gridctl_trainer.datasets.sunnybrook.folder import labelled_patients
from gridctl_trainer.datasets.sunnybrook.patients import Patient, find_patients, read_patient


@pytest.fixture
def root(phantom: Path, tmp_path: Path) -> Path:
    """A copy of the set, which tests rearrange and damage."""
    return Path(shutil.copytree(phantom / "sunnybrook", tmp_path / "sunnybrook"))


def first(root: Path) -> Patient:
    return find_patients(root)[0]


def test_images_of_one_name_are_joined_with_contours_of_another(root: Path) -> None:
    """`SC-HF-I-1` and `SC-HF-I-01` are joined by the last number of the file name."""
    patient = first(root)
    assert re.fullmatch(r"SC-[A-Z-]+-[1-9]\d*", patient.patient)
    padded = next(path for path in patient.contours["i"].values()).parts
    assert any(re.fullmatch(r"SC-[A-Z-]+-0\d", part) for part in padded)
    assert patient.contours["i"].keys() <= patient.images.keys()
    slices = read_patient(patient)
    assert len(slices) == len(patient.contours["i"])
    assert {s.phase for s in slices} == {"ED", "ES"}
    assert all(s.spacing_mm[2] > 0 for s in slices), "from ImagePositionPatient along the normal"


def test_the_cardiac_atlas_edition_reads_the_same(root: Path, tmp_path: Path) -> None:
    before = read_patient(first(root))
    patient = first(root)
    atlas = tmp_path / "atlas"
    (atlas / "SCD0000101" / "CINESAX_300").mkdir(parents=True)
    manual = atlas / "contours" / "SCD0000101" / "contours-manual" / "IRCCI-expert"
    manual.mkdir(parents=True)
    for number, path in patient.images.items():
        shutil.copy(path, atlas / "SCD0000101" / "CINESAX_300" / f"IM-0003-{number:04d}.dcm")
    for path in patient.contours["i"].values():
        shutil.copy(path, manual / path.name)
    after = read_patient(first(atlas))
    assert first(atlas).patient == "SCD0000101"
    for old, new in zip(before, after, strict=True):
        np.testing.assert_array_equal(old.image, new.image)
        np.testing.assert_array_equal(old.mask, new.mask)


LIST = "scd_patientdata.csv"


def as_the_atlas_distributes_it(root: Path, atlas: Path) -> list[Patient]:
    """Make images `SCD0000N01` with a second series, contours `SC-...`, and the list that joins them."""
    lines = ["PatientID,OriginalID,Gender,Age,Pathology"]
    patients = find_patients(root)
    for number, patient in enumerate(patients, 1):
        name = f"SCD0000{number}01"
        folder = atlas / f"SCD_IMAGES_0{number}" / name
        (folder / "CINESAX_300").mkdir(parents=True)
        (folder / "CINELAX_301").mkdir()
        for image, path in patient.images.items():
            shutil.copy(path, folder / "CINESAX_300" / f"IM-0003-{image:04d}.dcm")
            if image <= 3:
                shutil.copy(path, folder / "CINELAX_301" / f"IM-0004-{image:04d}.dcm")
        group, _, last = patient.patient.rpartition("-")
        manual = atlas / "SCD_ManualContours" / f"{group}-{int(last):02d}" / "contours-manual" / "IRCCI-expert"
        manual.mkdir(parents=True)
        for contours in patient.contours.values():
            for path in contours.values():
                shutil.copy(path, manual / path.name)
        lines.append(f"{name},{patient.patient},Male,60,Heart failure")
    (atlas / LIST).write_text("\n".join([*lines, "SCD0004501,SC-N-45,Female,50,Healthy"]) + "\n")
    return patients


def test_the_atlas_distribution_is_joined_by_its_list(root: Path, tmp_path: Path) -> None:
    atlas = tmp_path / "atlas"
    before = as_the_atlas_distributes_it(root, atlas)
    after = find_patients(atlas)
    assert [patient.patient for patient in after] == [patient.patient for patient in before]
    for old, new in zip(before, after, strict=True):
        assert all(path.parent.name == "CINESAX_300" for path in new.images.values())
        for one, other in zip(read_patient(old), read_patient(new), strict=True):
            np.testing.assert_array_equal(one.image, other.image)
            assert one.masks.keys() == other.masks.keys()
            assert one.group == other.group == old.patient[3:].rpartition("-")[0]
    paths = [PurePosixPath(path.relative_to(tmp_path).as_posix()) for path in atlas.rglob("*") if path.is_file()]
    assert labelled_patients(paths) == {"atlas": tuple(patient.patient for patient in after)}


def test_the_atlas_distribution_without_its_list_is_one_mistake(root: Path, tmp_path: Path) -> None:
    atlas = tmp_path / "atlas"
    as_the_atlas_distributes_it(root, atlas)
    text = (atlas / LIST).read_text()
    (atlas / LIST).unlink()
    with pytest.raises(DataError) as raised:
        find_patients(atlas)
    (problem,) = raised.value.problems
    assert "the list that says which belong together is not here" in problem.what
    assert "scd_patientdata.csv" in problem.fix
    (atlas / LIST).write_text("\n".join(text.splitlines()[:2]))
    with pytest.raises(DataError, match="it does not say which images belong to SC-"):
        find_patients(atlas)


def test_contours_without_images_are_one_mistake_for_each_patient(root: Path) -> None:
    before = find_patients(root)
    gone = before[0]
    for number in sorted(gone.contours["i"])[:3]:
        gone.images[number].unlink()
    with pytest.raises(DataError) as raised:
        find_patients(root)
    (problem,) = raised.value.problems
    numbers = ", ".join(map(str, sorted(gone.contours["i"])[:3]))
    of_all = f"3 inner contours of {len(gone.contours['i'])}"
    assert f"there is no image with the number {numbers}, which {of_all} have" in problem.what
    assert problem.where == str(gone.contours["i"][min(gone.contours["i"])])


def test_of_several_series_the_cine_that_has_every_contour(root: Path) -> None:
    patient = first(root)
    folder = next(iter(patient.images.values())).parent
    other = folder.with_name("other")
    other.mkdir()
    for number in list(patient.images)[:3]:
        shutil.copy(patient.images[number], other / f"IM-0099-{number:04d}.dcm")
    again = first(root)
    assert {path.parent for path in again.images.values()} == {folder}


def test_outer_and_papillary_contours_are_found_too(root: Path) -> None:
    inner = first(root).contours["i"]
    number, path = next(iter(inner.items()))
    for kind in ("o", "p1", "p2"):
        shutil.copy(path, path.with_name(path.name.replace("-icontour", f"-{kind}contour")))
    contours = first(root).contours
    assert {kind for kind in contours if number in contours[kind]} == {"i", "o", "p1", "p2"}


def rewrite(path: Path, **elements: object) -> Path:
    dataset = pydicom.dcmread(path)
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    dataset.save_as(path)
    return path


def test_signed_pixels_without_rescale_tags(root: Path) -> None:
    path = next(iter(first(root).images.values()))
    stored = pydicom.dcmread(path).pixel_array
    signed = (stored.astype(np.int16) - 100).astype("<i2")
    rewrite(path, PixelData=signed.tobytes(), PixelRepresentation=1)
    np.testing.assert_array_equal(read_dicom(path).pixels, signed.astype(np.float32))
    assert read_dicom(path).pixels.min() < 0


def test_rescale_tags_are_applied(root: Path) -> None:
    path = next(iter(first(root).images.values()))
    plain = read_dicom(path).pixels
    rewrite(path, RescaleSlope="2", RescaleIntercept="-7")
    np.testing.assert_array_equal(read_dicom(path).pixels, plain * 2 - 7)


def test_a_compressed_image_reads_the_same(root: Path) -> None:
    path = next(iter(first(root).images.values()))
    plain = read_dicom(path).pixels
    dataset = pydicom.dcmread(path)
    dataset.compress(pydicom.uid.RLELossless)
    dataset.save_as(path)
    np.testing.assert_array_equal(read_dicom(path).pixels, plain)


def broken(patient: Patient, what: str) -> Path:
    """Damage a patient, and return the file that must be named."""
    number, contour = next(iter(patient.contours["i"].items()))
    image = patient.images[number]
    if what == "no image":
        image.unlink()
        return contour
    if what == "truncated image":
        image.write_bytes(image.read_bytes()[:1500])
        return image
    if what == "text for an image":
        image.write_text("none")
        return image
    if what == "empty contour":
        contour.write_text("")
    elif what == "one point":
        contour.write_text("10 10\n")
    elif what == "words":
        contour.write_text("10 10\nten 20\n30 30\n")
    elif what == "outside":
        contour.write_text("10 10\n9999 20\n30 30\n")
    elif what == "not finite":
        contour.write_text("10 10\nnan 20\n30 30\n")
    return contour


@pytest.mark.parametrize(
    "what",
    [
        "no image",
        "truncated image",
        "text for an image",
        "empty contour",
        "one point",
        "words",
        "outside",
        "not finite",
    ],
)
def test_a_broken_file_is_named(what: str, root: Path) -> None:
    path = broken(first(root), what)
    with pytest.raises(DataError) as raised:
        read_patient(first(root))
    assert any(problem.where.startswith(str(path)) for problem in raised.value.problems)


def test_a_folder_without_contours_says_what_belongs_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no inner contour"):
        find_patients(tmp_path)
