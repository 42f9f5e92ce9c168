"""The same image is read from every form of DICOM, and anything that is not an image is refused by name."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pydicom
from pydicom.data import get_testdata_file

from tests.e2e.data.conftest import check, run_trainer
from tests.e2e.data.dicom_forms import NEARLY, REFUSED, SAME, Form

RAW = [word for step in ("gaussian", "clahe", "minmax", "resize") for word in ("--without", step)]
"""Pack the pixels as read, only padded to a square."""


def patients_in_forms(small_set: Path, root: Path, forms: Mapping[str, Form]) -> dict[str, str]:
    """Make copies of one patient in one form each, and return their ids by form."""
    (images,) = small_set.glob("sunnybrook/challenge_training/*-1")
    (contours,) = small_set.glob("sunnybrook/TrainingDataContours/*-01")
    labelled = {path.name.split("-")[2] for path in contours.rglob("*-icontour-manual.txt")}
    patients = {}
    for number, (name, form) in enumerate(forms.items(), 1):
        patients[name] = f"SC-N-{number}"
        shutil.copytree(contours, root / "contours" / f"SC-N-{number:02d}")
        folder = root / "images" / patients[name]
        folder.mkdir(parents=True)
        for image in images.iterdir():
            if image.stem[-4:] in labelled:
                form(Path(shutil.copy(image, folder)))
    return patients


def packed_by_patient(root: Path, packs: Path, size_px: int) -> dict[str, np.ndarray]:
    packed = run_trainer("data", "pack", root, packs, "--size-px", str(size_px), *RAW)
    assert packed.returncode == 0, packed.stderr
    (folder,) = packs.glob("sunnybrook*")
    images = np.load(folder / "images.npy")
    manifest = json.loads((folder / "pack.json").read_text())
    assert int(manifest["versions"]["reader"]) >= 2, (
        "packs made when MONOCHROME1 was not inverted are of another version"
    )
    names = [record["patient"] for record in manifest["slices"]]
    return {name: images[[at for at, other in enumerate(names) if other == name]] for name in names}


def test_the_same_image_is_read_from_every_form(small_set: Path, tmp_path: Path) -> None:
    nearly = {name: form for name, (form, _) in NEARLY.items()}
    patients = patients_in_forms(small_set, tmp_path / "set", {"as it was": lambda path: None, **SAME, **nearly})
    images = packed_by_patient(tmp_path / "set", tmp_path / "packs", 128)
    checked = check(tmp_path / "set")
    first = patients.pop("as it was")
    assert np.ptp(images[first]) > 1000
    off = {name: np.abs(images[patient] - images[first]).max() for name, patient in patients.items()}
    assert {name: off[name] for name in SAME if off[name] > 0} == {}
    assert {name: off[name] for name, (_, most) in NEARLY.items() if not 0 < off[name] <= most} == {}
    for name in SAME:
        patient = patients[name]
        inverted = [odd for odd in checked[patient]["oddities"] if "MONOCHROME1: inverted" in odd["what"]]
        assert len(inverted) == name.startswith("MONOCHROME1"), (name, checked[patient]["oddities"])
        for key in checked[first].keys() - {"patient", "oddities"}:
            assert checked[patient][key] == checked[first][key], (name, key)


def test_what_is_no_image_is_refused_by_name(small_set: Path, tmp_path: Path) -> None:
    forms: dict[str, Form] = {name: form for name, (form, _) in REFUSED.items()}
    patients = patients_in_forms(small_set, tmp_path, {"as it was": lambda path: None, **forms})
    checked = check(tmp_path, exit_code=3)
    assert checked[patients["as it was"]]["problems"] == []
    for name, (_, said) in REFUSED.items():
        problems = checked[patients[name]]["problems"]
        files = {str(path) for path in (tmp_path / "images" / patients[name]).iterdir()}
        assert {problem["where"] for problem in problems} == files, name
        assert all(said in problem["what"] for problem in problems), (name, problems)


def other_tools_set(root: Path, files: Iterable[Path]) -> dict[str, pydicom.Dataset]:
    """Make one patient per file, with a contour in the middle of the image."""
    found = {}
    for number, path in enumerate(files, 1):
        found[f"SC-N-{number}"] = pydicom.dcmread(path)
        folder = root / f"SC-N-{number}"
        folder.mkdir(parents=True)
        shutil.copy(path, folder / "IM-0001-0001.dcm")
        (folder / "IM-0001-0001-icontour-manual.txt").write_text("20 20\n44 20\n44 44\n20 44\n")
    return found


def test_files_of_other_encoders_are_read(tmp_path: Path, project_root: Path) -> None:
    """A scanner's image as encoded by several programs; most of the files come with pydicom."""
    names = ["MR_small.dcm", "MR_small_implicit.dcm", "MR_small_bigendian.dcm", "MR_small_RLE.dcm"]
    names += ["MR_small_jp2klossless.dcm", "MR_small_jpeg_ls_lossless.dcm", "MR_small_padded.dcm"]
    files = [Path(str(get_testdata_file(name))) for name in names]
    files.append(project_root / "tests" / "assets" / "MR_small_jpeg_lossless_by_gdcm.dcm")
    found = other_tools_set(tmp_path / "set", files)
    images = packed_by_patient(tmp_path / "set", tmp_path / "packs", 64)
    expected = found["SC-N-1"].pixel_array.astype(np.float32)
    assert images.keys() == found.keys()
    for patient, packed in images.items():
        assert np.array_equal(packed.squeeze(), expected), patient
