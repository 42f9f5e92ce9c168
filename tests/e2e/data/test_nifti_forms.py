"""The same volume is read from every form of NIfTI, and other files are refused with their kind."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np

from tests.e2e.data.conftest import check, run_trainer
from tests.e2e.data.nifti_forms import Change, images, patients_with, pixels, save, volumes


def nifti_2(patient: Path) -> None:
    for path in volumes(patient):
        image = nibabel.load(path)
        save(path, np.asanyarray(image.dataobj), image.affine, image.header.get_zooms(), nibabel.nifti2.Nifti2Image)


def bytes_changed(change: Callable[[bytes], bytes], files: Callable[[Path], list[Path]] = images) -> Change:
    return lambda patient: [path.write_bytes(change(path.read_bytes())) for path in files(patient)]


def unpacked(patient: Path) -> None:
    for path in volumes(patient):
        path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
        path.unlink()


def twice(change: Callable[[bytes], bytes]) -> Change:
    return lambda patient: [
        path.with_suffix("").write_bytes(change(gzip.decompress(path.read_bytes()))) for path in images(patient)
    ]


def pairs(patient: Path) -> None:
    for path in images(patient):
        image = nibabel.load(path)
        nibabel.save(nibabel.nifti1.Nifti1Pair(np.asanyarray(image.dataobj), image.affine), str(path)[:-7] + ".hdr")
        path.unlink()


def nifti_2_unpacked(patient: Path) -> None:
    nifti_2(patient)
    unpacked(patient)


RGB = [("R", "u1"), ("G", "u1"), ("B", "u1")]

SAME: dict[str, Change] = {
    "as published": lambda _: None,
    "NIfTI-2": nifti_2,
    "NIfTI-2, not packed": nifti_2_unpacked,
    "not packed": unpacked,
    "not packed, named as if": bytes_changed(gzip.decompress, volumes),
    "a fourth axis": pixels(lambda array: array[..., None], volumes),
    "a fourth axis of images alone": pixels(lambda array: array[..., None]),
    "more axes": pixels(lambda array: array[..., None, None, None]),
    "big-endian": pixels(lambda array: array.astype(">i2")),
    "packed twice": bytes_changed(lambda content: content + gzip.compress(b"")),
}
REFUSED: dict[str, tuple[Change, str]] = {
    "cut short": (bytes_changed(lambda content: content[:-3000]), "ended before the end-of-stream marker"),
    "cut by a checksum": (bytes_changed(lambda content: content[:-4]), "ended before the end-of-stream marker"),
    "one bit off": (bytes_changed(lambda content: content[:-7] + bytes([content[-7] ^ 1]) + content[-6:]), "CRC check"),
    "empty": (bytes_changed(lambda _: b""), "it is empty"),
    "text": (bytes_changed(lambda _: b"no volume" * 99), "not a NIfTI file"),
    "two frames": (pixels(lambda array: np.stack([array, array], -1)), "2), not that of a volume"),
    "colours": (pixels(lambda array: np.zeros(array.shape, RGB)), "of type RGB"),
    "complex": (pixels(lambda array: array.astype(np.complex64)), "of type complex64"),
    "pairs of files": (pairs, "the file is missing"),
}


def test_the_same_volume_is_read_from_every_form(small_set: Path, tmp_path: Path) -> None:
    patients = patients_with(small_set, tmp_path / "set", SAME)
    assert all(not found["oddities"] for found in check(tmp_path / "set").values())
    packed = run_trainer("data", "pack", tmp_path / "set", tmp_path / "packs", "--size-px", "128")
    assert (packed.returncode, packed.stderr.count("note")) == (0, 0), packed.stderr
    (path,) = (tmp_path / "packs").glob("*/images.npy")
    for name, found in zip(patients, np.split(np.load(path), len(patients)), strict=True):
        np.testing.assert_array_equal(found, np.split(np.load(path), len(patients))[0], err_msg=name)


def test_other_files_are_refused_with_what_they_are(small_set: Path, tmp_path: Path) -> None:
    patients = patients_with(small_set, tmp_path / "set", {name: change for name, (change, _) in REFUSED.items()})
    checked = check(tmp_path / "set", exit_code=3)
    for name, patient in patients.items():
        problems = checked[patient]["problems"]
        assert [problem["where"][-14:] for problem in problems] == ["frame01.nii.gz", *[problems[1]["where"][-14:]]], (
            name
        )
        assert all(REFUSED[name][1] in problem["what"] for problem in problems), (name, problems)
        assert all(problem["fix"] or name == "two frames" for problem in problems), name
    assert "save the pair of .hdr and .img as one .nii.gz" in checked[patients["pairs of files"]]["problems"][0]["fix"]


def test_of_two_files_of_one_name_the_one_that_is_taken_is_said(small_set: Path, tmp_path: Path) -> None:
    changes = {"same": twice(lambda content: content), "other": twice(lambda content: content[:-4] + b"\x09" * 4)}
    patients = patients_with(small_set, tmp_path / "set", changes)
    checked = check(tmp_path / "set", exit_code=3)
    assert len(checked[patients["same"]]["oddities"]) == 2
    assert all("this one is used" in oddity["what"] for oddity in checked[patients["same"]]["oddities"])
    assert not checked[patients["same"]]["problems"]
    problem = checked[patients["other"]]["problems"][0]
    assert problem["where"].endswith("frame01.nii")
    assert "frame01.nii.gz lies beside it and has different content" in problem["what"]
