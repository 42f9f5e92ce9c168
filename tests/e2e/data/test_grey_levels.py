"""Grey values that CLAHE would round away are rescaled with a note, and anything that is not an image is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pydicom

from tests.e2e.data.conftest import check, run_trainer
from tests.e2e.data.nifti_forms import SCL_SLOPE, Change, both, field, images, patients_with, pixels


def zscored(array: np.ndarray) -> np.ndarray:
    return (array - array.mean()) / array.std()


def with_a_spike(array: np.ndarray) -> np.ndarray:
    changed = array / array.max()
    changed[0, 0, 0] = 5000
    return changed


def flat_slice(array: np.ndarray) -> np.ndarray:
    changed = array.copy()
    changed[..., 0] = 5
    return changed


def with_a_gap(array: np.ndarray) -> np.ndarray:
    changed = array.astype(np.float32)
    changed[3, 3, 0] = np.nan
    return changed


KEPT: dict[str, Change] = {
    "as it was": lambda _: None,
    "float64": pixels(lambda array: array.astype(np.float64)),
    "int32": pixels(lambda array: array.astype(np.int32)),
    "above an offset": pixels(lambda array: (array + 1000).astype(np.uint16)),
}
RESCALED: dict[str, tuple[Change, str]] = {
    "0 to 1": (pixels(lambda array: (array / array.max()).astype(np.float32)), "values 0 to 1 become 0 to 511"),
    "0 to 1, float64": (pixels(lambda array: array / array.max()), "would keep 2 grey levels"),
    "percent": (pixels(lambda array: array / array.max() * 100), "values 0 to 100 become"),
    "-1 to 1": (pixels(lambda array: array / array.max() * 2 - 1), "of the values lie outside"),
    "z-scored": (pixels(zscored), "of the values lie outside"),
    "negative integers": (pixels(lambda array: (array - 1024).astype(np.int16)), "values -1024 to"),
    "beyond 16 bits": (pixels(lambda array: (array * 1000).astype(np.int32)), "takes 0 to 65535"),
    "6 bits": (pixels(lambda array: np.rint(array / array.max() * 63).astype(np.uint8)), "values 0 to 63 become"),
    "a tiny slope": (
        both(pixels(lambda array: array.astype(np.int16)), field(SCL_SLOPE, "<f", 1e-6, images)),
        "would keep 1 grey level",
    ),
    "one bright pixel": (pixels(with_a_spike), "a few reach from 0 to 5000"),
}
REFUSED: dict[str, tuple[Change, str]] = {
    "constant": (pixels(lambda array: np.full_like(array, 7)), "all its values are 7"),
    "labels": (pixels(lambda array: (array * 4 / (array.max() + 1)).astype(np.uint8)), "only 4 different values"),
    "a flat slice": (pixels(flat_slice), "all values of the slice are 5"),
    "not a number": (pixels(with_a_gap), "1 of its values are not finite"),
    "a far mark": (pixels(lambda array: np.where(array < 40, -1e5, array / array.max())), "cannot tell them apart"),
}


def test_check_and_packs_say_which_volumes_are_rescaled_and_how(small_set: Path, tmp_path: Path) -> None:
    changes = {**KEPT, **{name: change for name, (change, _) in RESCALED.items()}}
    patients = patients_with(small_set, tmp_path / "set", changes)
    checked = check(tmp_path / "set")
    packed = run_trainer("data", "pack", tmp_path / "set", tmp_path / "packs", "--size-px", "128")
    assert packed.returncode == 0, packed.stderr
    manifest = json.loads((tmp_path / "packs" / "acdc-128px" / "pack.json").read_text())
    (of_packs,) = json.loads(run_trainer("data", "check", tmp_path / "packs", "--json").stdout)
    assert of_packs["oddities"] == manifest["oddities"]
    array = np.load(tmp_path / "packs" / "acdc-128px" / "images.npy")
    rows = {name: [slice_["patient"] == name for slice_ in manifest["slices"]] for name in patients.values()}
    original = array[rows[patients["as it was"]]]
    for name, patient in patients.items():
        said = [oddity for oddity in checked[patient]["oddities"] if "rescaled for CLAHE" in oddity["what"]]
        assert said == [oddity for oddity in manifest["oddities"] if patient in oddity["where"]], name
        off = float(np.abs(array[rows[patient]] - original).mean())
        if name in KEPT:
            assert said == [], name
            assert off == 0 or name == "above an offset"
        else:
            assert [Path(oddity["where"]) for oddity in said] == images(tmp_path / "set" / patient), name
            assert all(RESCALED[name][1] in oddity["what"] for oddity in said), (name, said)
            assert off < 0.08, f"{name}: pictures as of the unscaled files, not of two grey levels"


def test_what_is_no_image_is_refused(small_set: Path, tmp_path: Path) -> None:
    patients = patients_with(small_set, tmp_path / "set", {name: change for name, (change, _) in REFUSED.items()})
    checked = check(tmp_path / "set", exit_code=3)
    packed = run_trainer("data", "pack", tmp_path / "set", tmp_path / "packs")
    assert packed.returncode == 3
    for name, patient in patients.items():
        for path in images(tmp_path / "set" / patient):
            (problem,) = [found for found in checked[patient]["problems"] if found["where"] == str(path)]
            assert REFUSED[name][1] in problem["what"]
            assert f"{path}: {problem['what']}" in packed.stderr


def test_without_clahe_nothing_is_rescaled(small_set: Path, tmp_path: Path) -> None:
    patients_with(small_set, tmp_path / "set", {"0 to 1": RESCALED["0 to 1"][0]})
    packed = run_trainer("data", "pack", tmp_path / "set", tmp_path / "packs", "--without", "clahe")
    assert packed.returncode == 0, packed.stderr
    assert "rescaled" not in packed.stderr


def test_dicom_images_are_rescaled_too(own_set: Path) -> None:
    folder = next(own_set.glob("sunnybrook/challenge_training/*-1"))
    for path in folder.iterdir():
        dataset = pydicom.dcmread(path)
        dataset.RescaleSlope, dataset.RescaleIntercept = "0.001", "0"
        dataset.save_as(path)
    oddities = check(own_set / "sunnybrook")[folder.name]["oddities"]
    assert [oddity["where"] for oddity in oddities] == [str(folder)] * 2
    assert all("rescaled for CLAHE" in oddity["what"] for oddity in oddities)
