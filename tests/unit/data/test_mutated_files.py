"""Whatever happened to a file, it loads correctly or gives a DataError that names it, and nothing else."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import nibabel
import numpy as np
import pydicom
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from gridctl_trainer.contract.errors import DataError, Problem
from gridctl_trainer.contract.spec import DatasetSpec, DataSpec
from gridctl_trainer.datasets.acdc import patients as acdc
from gridctl_trainer.datasets.quality.oddities import ignore
from gridctl_trainer.datasets.registry import find_sources
from gridctl_trainer.datasets.slices import LabelledSlice
from gridctl_trainer.preprocessing.prepared import prepare_patient

Draw = Callable[[st.SearchStrategy[int]], int]
Mutation = Callable[[Path, Draw], None]


def truncate(path: Path, draw: Draw) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: draw(st.integers(0, len(content)))])


def flip_bits(path: Path, draw: Draw) -> None:
    content = bytearray(path.read_bytes())
    for _ in range(draw(st.integers(1, 8))):
        if content:
            content[draw(st.integers(0, len(content) - 1))] ^= 1 << draw(st.integers(0, 7))
    path.write_bytes(bytes(content))


def insert_bytes(path: Path, draw: Draw) -> None:
    content = path.read_bytes()
    at = draw(st.integers(0, len(content)))
    path.write_bytes(content[:at] + bytes(draw(st.integers(0, 255)) for _ in range(5)) + content[at:])


def remove(path: Path, _draw: Draw) -> None:
    path.unlink()


def become_folder(path: Path, _draw: Draw) -> None:
    path.unlink()
    path.mkdir()


def _resave(path: Path, change: Callable[[np.ndarray], np.ndarray]) -> None:
    image = nibabel.nifti1.Nifti1Image.from_filename(path)
    zooms = image.header.get_zooms()  # type: ignore[no-untyped-call]
    changed = change(np.asanyarray(image.dataobj))
    new = nibabel.nifti1.Nifti1Image(changed, np.eye(4))
    new.header.set_zooms((*zooms, 1.0)[: changed.ndim])  # type: ignore[no-untyped-call]
    nibabel.save(new, path)  # type: ignore[no-untyped-call]


def swap_axes(path: Path, draw: Draw) -> None:
    first, second = draw(st.integers(0, 2)), draw(st.integers(0, 2))
    _resave(path, lambda array: np.swapaxes(array, first, second))


def add_axis(path: Path, _draw: Draw) -> None:
    _resave(path, lambda array: array[..., None])


def other_dtype(path: Path, draw: Draw) -> None:
    dtype = ["uint8", "int16", "float32", "float64", "complex64"][draw(st.integers(0, 4))]
    _resave(path, lambda array: array.astype(dtype))


def not_a_number(path: Path, draw: Draw) -> None:
    def change(array: np.ndarray) -> np.ndarray:
        changed = array.astype(np.float32)
        changed.flat[draw(st.integers(0, changed.size - 1))] = [np.nan, np.inf][draw(st.integers(0, 1))]
        return changed

    _resave(path, change)


def lose_slices(path: Path, draw: Draw) -> None:
    _resave(path, lambda array: array[..., : draw(st.integers(0, array.shape[2]))])


def another_label(path: Path, draw: Draw) -> None:
    value = draw(st.integers(0, 255))
    _resave(path, lambda array: np.where(array == 3, value, array).astype(np.uint8))


INFO_TEXTS: Final = (
    "ED: 1\r\nES: 5\r\n",
    "ES: 1\nED: 5\n",
    "ED: 1\n",
    "ED: 1\nES: 99\n",
    "ED: -1\nES: 5\n",
    "ED: 1e400\nES: 5\n",
    "ED\nES\n",
    "\x00\x00",
    "",
)


def another_info(path: Path, draw: Draw) -> None:
    path.write_text(INFO_TEXTS[draw(st.integers(0, len(INFO_TEXTS) - 1))])


def windows_line_ends(path: Path, _draw: Draw) -> None:
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))


def swap_keys(path: Path, draw: Draw) -> None:
    """Swap two keys without their values, which may be ED and ES."""
    lines = path.read_text().splitlines()
    first, second = draw(st.integers(0, len(lines) - 1)), draw(st.integers(0, len(lines) - 1))
    keys, values = [line.partition(":")[0] for line in lines], [line.partition(":")[2] for line in lines]
    keys[first], keys[second] = keys[second], keys[first]
    path.write_text("".join(f"{key}:{value}\n" for key, value in zip(keys, values, strict=True)))


def lose_key(path: Path, draw: Draw) -> None:
    lines = path.read_text().splitlines(keepends=True)
    del lines[draw(st.integers(0, len(lines) - 1))]
    path.write_text("".join(lines))


CONTOUR_TEXTS: Final = (
    "",
    "5 5\n",
    "5 5\n6 6\n",
    "5 5\n5 5\n5 5\n",
    "1e9 5\n6 6\n7 5\n",
    "-3 5\n6 6\n7 5\n",
    "nan nan\n6 6\n7 5\n",
    "5,5\n6,6\n7,5\n",
    "5 5 5\n6 6 6\n7 5 5\n",
    "\x00",
    "10 10\r\n20 10\r\n20 20\r\n",
)


def another_contour(path: Path, draw: Draw) -> None:
    path.write_text(CONTOUR_TEXTS[draw(st.integers(0, len(CONTOUR_TEXTS) - 1))])


def move_contour(path: Path, draw: Draw) -> None:
    """Move the whole contour, often outside the image."""
    across, down = draw(st.integers(-150, 150)), draw(st.integers(-150, 150))
    points = [line.split() for line in path.read_text().splitlines()]
    path.write_text("".join(f"{float(x) + across:.2f} {float(y) + down:.2f}\n" for x, y in points))


DICOM_CHANGES: Final[tuple[tuple[str, object], ...]] = (
    ("PixelSpacing", ["0", "1"]),
    ("PixelSpacing", None),
    ("Rows", 0),
    ("Rows", 7),
    ("BitsAllocated", 8),
    ("SamplesPerPixel", 3),
    ("NumberOfFrames", 2),
    ("PixelRepresentation", 1),
    ("RescaleSlope", "2"),
    ("ImageOrientationPatient", ["1", "0", "0"]),
    ("ImagePositionPatient", None),
    ("PixelData", b""),
)


def another_element(path: Path, draw: Draw) -> None:
    dataset = pydicom.dcmread(path)
    keyword, value = DICOM_CHANGES[draw(st.integers(0, len(DICOM_CHANGES) - 1))]
    setattr(dataset, keyword, value)
    dataset.save_as(path)


ANY_FILE: Final = (truncate, flip_bits, insert_bytes, remove, become_folder)
MUTATIONS: Final[dict[str, tuple[Mutation, ...]]] = {
    ".nii.gz": (*ANY_FILE, swap_axes, add_axis, other_dtype, not_a_number, lose_slices, another_label),
    ".cfg": (*ANY_FILE, another_info, windows_line_ends, swap_keys, lose_key),
    ".dcm": (*ANY_FILE, another_element),
    ".txt": (*ANY_FILE, another_contour, windows_line_ends, move_contour),
}


def loads_right(slices: list[LabelledSlice]) -> None:
    assert slices
    for labelled in slices:
        assert labelled.series.ndim == 3
        assert all(mask.shape == labelled.image.shape for mask in (labelled.mask, *labelled.structures.values()))
        assert min(labelled.series.shape) > 0
        assert np.isfinite(labelled.series).all()
        assert set(np.unique(labelled.mask)) <= {0, 1}
        assert all(np.isfinite(distance) and distance >= 0 for distance in labelled.spacing_mm)
    assert any(labelled.mask.any() for labelled in slices)
    assert len({labelled.name for labelled in slices}) == len(slices)
    prepared = prepare_patient(slices, [], DataSpec(train=DatasetSpec(dataset="acdc", path="-"), size_px=32))
    assert np.isfinite(prepared.series).all()
    assert 0 <= prepared.series.min() <= prepared.series.max() <= 1
    assert set(np.unique(prepared.masks)) <= {0, 1}


def load_or_name(root: Path, frames: int) -> None:
    kind: str = "acdc" if root.name == "acdc" else "sunnybrook"
    problems: Sequence[Problem] = ()
    try:
        for source in find_sources(kind, root):
            loads_right(source.read(frames, ignore))
        event("loads right")
    except DataError as fault:
        problems = fault.problems
        event("is named")
    for problem in problems:
        assert problem.where.startswith(str(root)), "a file below the root is named"
        assert len(problem.what.splitlines()) == 1


def check(phantom: Path, data: st.DataObject) -> None:
    """Mutate one file of one patient, and read the patient with or without temporal context."""
    with tempfile.TemporaryDirectory() as folder:
        frames = data.draw(st.sampled_from([1, 3]), "frames")
        if data.draw(st.booleans(), "ACDC"):
            source = acdc.find_patients(phantom / "acdc")[0]
            root = Path(folder, "acdc")
            shutil.copytree(source, root / source.name)
        else:
            root = Path(folder, "sunnybrook")
            shutil.copytree(phantom / "sunnybrook", root)
        read_files = [path for path in sorted(root.rglob("*")) if path.is_file() and _is_read(path, root, frames)]
        path = data.draw(st.sampled_from(read_files), "file")
        mutations = next(found for suffix, found in MUTATIONS.items() if path.name.endswith(suffix))
        mutation = data.draw(st.sampled_from(mutations), "mutation")
        event(mutation.__name__)
        mutation(path, data.draw)
        load_or_name(root, frames)


def _is_read(path: Path, root: Path, frames: int) -> bool:
    """Choose files of the series only if series are read, and images only if a contour or a series needs them."""
    if not path.name.endswith(tuple(MUTATIONS)) or ("_4d" in path.name and frames == 1):
        return False
    return path.suffix != ".dcm" or frames > 1 or any(root.rglob(f"IM-*-{path.stem[-4:]}-icontour-manual.txt"))


@settings(max_examples=100, suppress_health_check=list(HealthCheck), deadline=None)
@given(data=st.data())
def test_a_mutated_file_loads_right_or_is_named(moving_phantom: Path, data: st.DataObject) -> None:
    check(moving_phantom, data)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@settings(max_examples=2000, suppress_health_check=list(HealthCheck), deadline=None)
@given(data=st.data())
def test_two_thousand_mutated_files_load_right_or_are_named(moving_phantom: Path, data: st.DataObject) -> None:
    check(moving_phantom, data)
