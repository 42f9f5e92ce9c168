"""ACDC as published: NIfTI volumes, a label volume beside each, Info.cfg.

Source: Bernard et al., IEEE TMI 37(11), 2018. Both layouts are read: `database/training/patientNNN`
and patients directly under the root (2017).
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from trainer.contract.errors import DataError
from trainer.data.acdc_info import Info, read_info
from trainer.data.file_tree import entries, is_folder, same_name
from trainer.data.frames import frames_before, pad_series
from trainer.data.nifti import read_series, read_volume
from trainer.data.oddities import Notice, Oddity, ignore
from trainer.data.slices import LabelledSlice, Phase, Structure, cavity_ml

LEFT_VENTRICLE: Final = 3
OTHER_LABELS: Final[Mapping[Structure, int]] = {"right_ventricle": 1, "myocardium": 2}
LABELS: Final = (0, 1, 2, LEFT_VENTRICLE)
"""Background, right ventricle, myocardium, left-ventricle cavity."""

_PATIENT: Final = re.compile(r"patient\d+")
_FOLDERS: Final = ("", "training", "database/training", "testing", "database/testing")


def find_patients(root: Path) -> list[Path]:
    """Folders of the training patients, sorted; whatever else lies between them is passed over.

    The testing patients of a root that has both are left alone, as in the thesis; those of a root
    that has no others are read.

    Raises:
        DataError: There is no such folder, or no patient in it.
    """
    if not is_folder(root):
        raise DataError(
            "there is no such folder",
            where=root,
            fix="unpack ACDC there, or make a synthetic set: gridctl-trainer data phantom OUT",
        )
    for folder in _FOLDERS:
        base = root / folder
        found = [path for path in entries(base) if _PATIENT.fullmatch(path.name)] if is_folder(base) else []
        # A link that leads nowhere is a patient who is missing, not a stray file; so is what only DVC has.
        found = [path for path in found if path.is_dir() or not path.exists()]
        if found:
            return found
    raise DataError(
        "there is no patient in this folder",
        where=root,
        fix="it should hold patientNNN folders, or training/patientNNN, or database/training/patientNNN",
    )


def read_patient(folder: Path, frames: int = 1, notice: Notice = ignore) -> list[LabelledSlice]:
    """All slices of a patient, end-diastole first, those without any label included.

    Args:
        folder: `patientNNN`.
        frames: Frames of each slice's series, the labelled one last; more than one are taken
            from the 4D file.
        notice: Told of series that had to be padded.

    Raises:
        DataError: A file is missing, unreadable or wrong: all of them, by name.
    """
    info = read_info(info_path(folder))
    slices: list[LabelledSlice] = []
    faults: list[DataError] = []
    recorded = None
    try:
        recorded = read_series(series_path(folder))[0] if frames > 1 else None
    except DataError as fault:
        faults.append(fault)
    for phase, frame in info.frames.items():
        try:
            read = _read_phase(folder, phase, frame)
            slices += read if recorded is None else _with_series(read, recorded, frame, frames, folder, notice)
        except DataError as fault:
            faults.append(fault)
    if faults:
        raise DataError.collect(faults)
    diastole_ml, systole_ml = cavity_ml(slices, "ED"), cavity_ml(slices, "ES")
    if systole_ml > diastole_ml:
        raise DataError(
            f"the ventricle holds {systole_ml:.1f} ml at end-systole and only {diastole_ml:.1f} ml at end-diastole",
            where=folder / "Info.cfg",
            fix="are ED and ES swapped?",
        )
    return slices


def check_series(folder: Path, info: Info, notice: Notice) -> int:
    """Compare the 4D file, if there is one, with Info.cfg and with the labelled frames.

    Args:
        folder: `patientNNN`.
        info: Its Info.cfg.
        notice: Told of what does not fit.

    Returns:
        Its frames; 1 without one.

    Raises:
        DataError: A file is unreadable.
    """
    path = series_path(folder)
    if not path.exists():
        return 1
    series, spacing_mm = read_series(path)
    if info.series_frames not in (None, len(series)):
        notice(Oddity(f"it has {len(series)} frames, but Info.cfg says {info.series_frames}", str(path)))
    for phase, frame in info.frames.items():
        image, image_spacing_mm = read_volume(frame_path(folder, frame))
        if frame > len(series) or not np.array_equal(series[frame - 1], image):
            what = f"its frame {frame} is not the {phase} volume of {folder.name}"
            notice(Oddity(what, str(path), wrong=True))
        elif not np.allclose(spacing_mm, image_spacing_mm, rtol=1e-3):
            notice(Oddity(f"its spacing {spacing_mm} is not that of the {phase} volume", str(path)))
    return len(series)


def info_path(folder: Path) -> Path:
    """Info.cfg of a patient, in whatever case its name is written."""
    path = folder / "Info.cfg"
    return same_name(path) or path


def frame_path(folder: Path, frame: int) -> Path:
    """The volume of one frame: `.nii.gz` as published, or unpacked `.nii`."""
    return _packed_or_not(folder / f"{folder.name}_frame{frame:02d}.nii.gz")


def series_path(folder: Path) -> Path:
    """The 4D file."""
    return _packed_or_not(folder / f"{folder.name}_4d.nii.gz")


def label_path(image_path: Path) -> Path:
    """Where the labels of a volume are: `..._gt.nii.gz` beside it."""
    packed = image_path.name.removesuffix(".gz").removesuffix(".nii") + "_gt.nii.gz"
    return _packed_or_not(image_path.with_name(packed))


def _packed_or_not(path: Path) -> Path:
    return same_name(path) or same_name(path.with_suffix("")) or path


def _read_phase(folder: Path, phase: Phase, frame: int) -> list[LabelledSlice]:
    path = frame_path(folder, frame)
    source = label_path(path)
    faults: list[DataError] = []
    volumes = []
    for file in (path, source):
        try:
            volumes.append(read_volume(file))
        except DataError as fault:
            faults.append(fault)
    if faults:
        raise DataError.collect(faults)
    (image, spacing_mm), (labels, label_spacing_mm) = volumes
    if image.shape != labels.shape:
        raise DataError(f"its shape {labels.shape} is not that of its image {image.shape}", where=source)
    if not np.allclose(spacing_mm, label_spacing_mm, rtol=1e-3):
        raise DataError(f"its spacing {label_spacing_mm} is not that of its image {spacing_mm}", where=source)
    unknown = sorted(set(np.unique(labels).tolist()) - set(LABELS))
    if unknown:
        raise DataError(f"it holds the labels {unknown[:5]}, not only {LABELS}", where=source)
    if not (labels == LEFT_VENTRICLE).any():
        raise DataError("no slice of it has a left ventricle", where=source)
    pixels = image.astype(np.float32)
    return [
        LabelledSlice(
            patient=folder.name,
            phase=phase,
            index=index,
            series=pixels[index : index + 1],
            mask=(labels[index] == LEFT_VENTRICLE).astype(np.uint8),
            spacing_mm=spacing_mm,
            source=source,
            structures={name: (labels[index] == value).astype(np.uint8) for name, value in OTHER_LABELS.items()},
        )
        for index in range(len(pixels))
    ]


def _with_series(
    slices: list[LabelledSlice], recorded: NDArray[Any], frame: int, count: int, folder: Path, notice: Notice
) -> list[LabelledSlice]:
    """The slices with the frames that lead up to theirs; the labelled one stays that of its own file."""
    path = series_path(folder)
    if recorded.shape[1:] != (len(slices), *slices[0].mask.shape) or frame > len(recorded):
        raise DataError(f"its shape {recorded.shape} does not hold frame {frame} of this patient", where=path)
    numbers, padded = pad_series(frames_before(frame, slices[0].phase, count), range(1, len(recorded) + 1))
    if padded:
        what = f"the series of {count} frames to {slices[0].phase} is padded {padded} times by its first, {numbers[0]}"
        notice(Oddity(what, str(path)))
    before = recorded[[number - 1 for number in numbers[:-1]]].astype(np.float32)
    return [
        dataclasses.replace(labelled, series=np.concatenate([before[:, labelled.index], labelled.series]))
        for labelled in slices
    ]
