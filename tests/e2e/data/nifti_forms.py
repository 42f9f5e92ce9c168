"""Writes patients in ACDC's format with files as other tools write them."""

from __future__ import annotations

import gzip
import shutil
import struct
from collections.abc import Callable, Mapping
from pathlib import Path

import nibabel
import numpy as np

Change = Callable[[Path], object]
"""Changes the files in the folder of one patient."""


def images(patient: Path) -> list[Path]:
    return sorted(patient.glob("*_frame??.nii.gz"))


def labels(patient: Path) -> list[Path]:
    return sorted(patient.glob("*_gt.nii.gz"))


def volumes(patient: Path) -> list[Path]:
    return [*images(patient), *labels(patient)]


def patients_with(small_set: Path, root: Path, changes: Mapping[str, Change]) -> dict[str, str]:
    """Make copies of one patient with one change each, and return their ids by the names of the changes."""
    source = next(small_set.glob("acdc/database/training/patient001"))
    patients = {}
    for number, (name, change) in enumerate(changes.items(), 1):
        patient = patients[name] = f"patient{number:03d}"
        folder = root / patient
        folder.mkdir(parents=True)
        for path in source.iterdir():
            shutil.copy(path, folder / path.name.replace(source.name, patient))
        change(folder)
    return patients


def pixels(change: Callable[[np.ndarray], np.ndarray], files: Callable[[Path], list[Path]] = images) -> Change:
    """A change of values, shape or type."""

    def changed(patient: Path) -> None:
        for path in files(patient):
            image = nibabel.load(path)
            save(path, change(np.asanyarray(image.dataobj)), image.affine, image.header.get_zooms()[:3])

    return changed


def affine(change: Callable[[np.ndarray], np.ndarray], files: Callable[[Path], list[Path]] = labels) -> Change:
    """A change of the sform."""

    def changed(patient: Path) -> None:
        for path in files(patient):
            image = nibabel.load(path)
            save(path, np.asanyarray(image.dataobj), change(image.affine.copy()), image.header.get_zooms()[:3])

    return changed


def field(offset: int, form: str, value: float, files: Callable[[Path], list[Path]] = volumes) -> Change:
    """A change of one field of the NIfTI-1 header."""

    def changed(patient: Path) -> None:
        for path in files(patient):
            content = bytearray(gzip.decompress(path.read_bytes()))
            struct.pack_into(form, content, offset, value)
            path.write_bytes(gzip.compress(bytes(content), 1))

    return changed


def both(*changes: Change) -> Change:
    return lambda patient: [change(patient) for change in changes]


def save(
    path: Path,
    array: np.ndarray,
    matrix: np.ndarray,
    zooms: tuple[float, ...],
    kind: type[nibabel.nifti1.Nifti1Image] = nibabel.nifti1.Nifti1Image,
) -> None:
    image = kind(array, matrix)
    image.header.set_zooms((*zooms, *[1.0] * array.ndim)[: array.ndim])
    path.write_bytes(gzip.compress(image.to_bytes(), 1))


SCL_SLOPE, PIXDIM_X, PIXDIM_Z, XYZT_UNITS, QFORM_CODE, SFORM_CODE, SROW_X = 112, 80, 88, 123, 252, 254, 280
"""Offsets in the header of NIfTI-1."""
