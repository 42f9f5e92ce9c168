"""ACDC as published: NIfTI volumes, a label volume beside each, Info.cfg.

Source: Bernard et al., IEEE TMI 37(11), 2018. Both layouts are read: `database/training/patientNNN`
and patients directly under the root (2017).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import nibabel
import numpy as np
from numpy.typing import NDArray

from trainer.contract.errors import DataError
from trainer.data.slices import LabelledSlice, Phase

LEFT_VENTRICLE: Final = 3
LABELS: Final = (0, 1, 2, LEFT_VENTRICLE)
"""Background, right ventricle, myocardium, left-ventricle cavity."""

_PATIENT: Final = re.compile(r"patient\d+")
_TRAINING_FOLDERS: Final = ("", "training", "database/training")


@dataclass(frozen=True, slots=True)
class Info:
    """What Info.cfg says.

    Attributes:
        frames: Number from 1 of the end-diastolic and the end-systolic frame.
    """

    frames: dict[Phase, int]


def find_patients(root: Path) -> list[Path]:
    """Folders of the training patients, sorted; whatever else lies between them is passed over.

    The testing patients of a root that has both are left alone, as in the thesis.

    Raises:
        DataError: There is no such folder, or no patient in it.
    """
    if not root.is_dir():
        raise DataError(
            "there is no such folder",
            where=root,
            fix="unpack ACDC there, or make a synthetic set: python -m trainer data phantom OUT",
        )
    for folder in _TRAINING_FOLDERS:
        base = root / folder
        found = [path for path in base.iterdir() if _is_patient(path)] if base.is_dir() else []
        if found:
            return sorted(found)
    raise DataError(
        "there is no patient in this folder",
        where=root,
        fix="it should hold patientNNN folders, or training/patientNNN, or database/training/patientNNN",
    )


def read_patient(folder: Path) -> list[LabelledSlice]:
    """All slices of a patient, end-diastole first, those without any label included.

    Raises:
        DataError: A file is missing, unreadable or wrong: all of them, by name.
    """
    info = read_info(folder / "Info.cfg")
    slices: list[LabelledSlice] = []
    faults: list[DataError] = []
    for phase, frame in info.frames.items():
        path = folder / f"{folder.name}_frame{frame:02d}.nii.gz"
        try:
            slices += _read_phase(folder.name, phase, path)
        except DataError as fault:
            faults.append(fault)
    if faults:
        raise DataError.collect(faults)
    return slices


def read_info(path: Path) -> Info:
    """Read Info.cfg: `Key: value` lines.

    Raises:
        DataError: It is missing, or ED or ES is not a frame number.
    """
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise DataError(f"cannot read it: {error.strerror}", where=path, fix="every ACDC patient has one") from None
    values: dict[str, tuple[int, str]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        key, separator, value = line.partition(":")
        if separator:
            values[key.strip()] = (number, value.strip())
    faults = []
    frames: dict[Phase, int] = {}
    phases: tuple[Phase, ...] = ("ED", "ES")
    for phase in phases:
        number, value = values.get(phase, (0, ""))
        frame = _frame_number(value)
        if not number:
            faults.append(DataError(f"the key {phase} is missing", where=path))
        elif frame is None:
            faults.append(DataError(f"{phase} is {value!r}, not a frame number from 1", where=f"{path}:{number}"))
        else:
            frames[phase] = frame
    if not faults and frames["ED"] == frames["ES"]:
        faults.append(DataError(f"ED and ES are the same frame {frames['ED']}", where=path))
    if faults:
        raise DataError.collect(faults)
    return Info(frames)


def read_volume(path: Path) -> tuple[NDArray[Any], tuple[float, float, float]]:
    """Read a 3D NIfTI volume.

    Args:
        path: A `.nii.gz` or `.nii` file.

    Returns:
        The array as slices, rows, columns (the file has x, y, z), and the distances of rows,
        columns and slices in mm from the header's zooms: the affine knows none of them.

    Raises:
        DataError: It is missing, unreadable, not 3D, empty or has no positive spacing.
    """
    try:
        image = nibabel.nifti1.Nifti1Image.from_filename(path)
        zooms = tuple(float(zoom) for zoom in image.header.get_zooms())  # type: ignore[no-untyped-call]
        array = np.asanyarray(image.dataobj)
    except FileNotFoundError:
        raise DataError("the file is missing", where=path, fix="unpack the data set again") from None
    except Exception as error:  # what a damaged file makes nibabel and zlib raise has no common base
        raise DataError(f"not a readable NIfTI file: {_first_line(error)}", where=path) from None
    if array.ndim != 3 or 0 in array.shape:
        raise DataError(f"its shape is {array.shape}, not that of a volume", where=path)
    if array.dtype.kind not in "uif":
        raise DataError(f"its values are {array.dtype}, not numbers", where=path)
    if not all(np.isfinite(zoom) and zoom > 0 for zoom in zooms):
        raise DataError(f"its spacing is {zooms}, not positive", where=path)
    if not np.isfinite(array).all():
        raise DataError("it holds values that are not finite", where=path)
    return np.ascontiguousarray(array.transpose(2, 1, 0)), (zooms[1], zooms[0], zooms[2])


def label_path(image_path: Path) -> Path:
    """Where the labels of a volume are: `..._gt.nii.gz` beside it."""
    return image_path.with_name(image_path.name.replace(".nii", "_gt.nii", 1))


def _read_phase(patient: str, phase: Phase, path: Path) -> Sequence[LabelledSlice]:
    faults: list[DataError] = []
    volumes = []
    for file in (path, label_path(path)):
        try:
            volumes.append(read_volume(file))
        except DataError as fault:
            faults.append(fault)
    if faults:
        raise DataError.collect(faults)
    (image, spacing_mm), (labels, _) = volumes
    if image.shape != labels.shape:
        raise DataError(f"its shape {labels.shape} is not that of its image {image.shape}", where=label_path(path))
    unknown = sorted(set(np.unique(labels).tolist()) - set(LABELS))
    if unknown:
        raise DataError(f"it holds the labels {unknown[:5]}, not only {LABELS}", where=label_path(path))
    if not (labels == LEFT_VENTRICLE).any():
        raise DataError("no slice of it has a left ventricle", where=label_path(path))
    pixels = image.astype(np.float32)
    masks = (labels == LEFT_VENTRICLE).astype(np.uint8)
    return [
        LabelledSlice(patient, phase, index, pixels[index], masks[index], spacing_mm) for index in range(len(pixels))
    ]


def _is_patient(path: Path) -> bool:
    return path.is_dir() and _PATIENT.fullmatch(path.name) is not None


def _frame_number(text: str) -> int | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return int(number) if number.is_integer() and 1 <= number < 10_000 else None


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
