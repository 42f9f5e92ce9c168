"""Reads ACDC as published: NIfTI volumes, a label volume beside each, and Info.cfg.

Source: Bernard et al., IEEE TMI 37(11), 2018. Two layouts are read: `database/training/patientNNN`, and patients
directly below the root (2017).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np

from gridctl_trainer.contract.errors import DataError
from gridctl_trainer.datasets.acdc.descriptor import ACDC
from gridctl_trainer.datasets.acdc.files import frame_path, label_path, note_twin
from gridctl_trainer.datasets.acdc.folder import EXPECTED, FOLDERS, LABELS_FILE, PATIENT, TESTING, TRAINING
from gridctl_trainer.datasets.acdc.series import read_recording, with_frames_before
from gridctl_trainer.datasets.derived_structures import with_derived
from gridctl_trainer.datasets.file_tree import entries, is_folder
from gridctl_trainer.datasets.formats.info_cfg import Info, info_path, read_info
from gridctl_trainer.datasets.formats.nifti import Volume, read_volume
from gridctl_trainer.datasets.formats.voxel_grid import require_same_grid
from gridctl_trainer.datasets.missing_folder import missing_folder
from gridctl_trainer.datasets.quality.oddities import Notice, Oddity, ignore
from gridctl_trainer.datasets.quality.recognition import nothing_found
from gridctl_trainer.datasets.slices import CAVITY, LabelledSlice, Phase, cavity_ml

STRUCTURES: Final[Mapping[int, str]] = ACDC.labels
"""Name of the structure for each label; 0 is background."""
LABELS: Final = (0, *STRUCTURES)
LEFT_VENTRICLE: Final = next(label for label, name in STRUCTURES.items() if name == CAVITY)

_SAME_GRID: Final = (
    "resample it onto that grid; if the voxels match and only the header is wrong, "
    "copy the other file's affine and spacing into it"
)


def find_patients(root: Path) -> list[Path]:
    """Find the folders of the training patients, sorted; anything else among them is ignored.

    If the root has training and testing patients, the testing patients are a separate set, see `find_test_patients`. If
    the root has testing patients only, those are found.

    Raises:
        DataError: The folder does not exist or holds no patient.
    """
    if not is_folder(root):
        raise missing_folder(root, ACDC.title)
    for folder in FOLDERS:
        base = root / folder
        found = [path for path in entries(base) if PATIENT.fullmatch(path.name)] if is_folder(base) else []
        # A dangling link, or a folder that DVC has not fetched, is a missing patient and not a stray file.
        found = [path for path in found if path.is_dir() or not path.exists()]
        if found:
            return found
    raise nothing_found("patient of ACDC", ACDC, root, EXPECTED)


def find_test_patients(root: Path) -> Path | None:
    """Find the folder of labelled testing patients beside the training patients of a root; None if there is none."""
    try:
        base = find_patients(root)[0].parent
        testing = base.with_name(TESTING)
        if base.resolve().name.casefold() != TRAINING or not is_folder(testing):
            return None
        patients = [path for path in entries(testing) if PATIENT.fullmatch(path.name)]
    except DataError:
        return None
    labelled = any(LABELS_FILE.fullmatch(path.name) for path in patients[:1] if path.is_dir() for path in entries(path))
    return testing if labelled else None


def read_patient(folder: Path, frames: int = 1, notice: Notice = ignore) -> list[LabelledSlice]:
    """Read all slices of a patient, end-diastole first, including slices without any label.

    Args:
        folder: `patientNNN`.
        frames: Number of frames in each slice's series, with the labelled frame last. Earlier frames come from the 4D
            file.
        notice: Called with everything odd, such as series that had to be padded.

    Raises:
        DataError: Files are missing, unreadable or wrong; the error names all of them.
    """
    info = read_info(info_path(folder))
    volumes: dict[Phase, Volume] = {}
    slices: list[LabelledSlice] = []
    faults: list[DataError] = []
    recorded = None
    try:
        recorded = read_recording(folder, notice) if frames > 1 else None
    except DataError as fault:
        faults.append(fault)
    for phase, frame in info.frames.items():
        try:
            volumes[phase], read = _read_phase(folder, phase, frame, info.group, notice)
            slices += (
                read if recorded is None else with_frames_before(read, volumes[phase], recorded, frame, frames, notice)
            )
        except DataError as fault:
            faults.append(fault)
    if not faults:
        try:
            _require_one_recording(folder, info, volumes)
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


def _read_phase(
    folder: Path, phase: Phase, frame: int, group: str, notice: Notice
) -> tuple[Volume, list[LabelledSlice]]:
    path = frame_path(folder, frame)
    source = label_path(path)
    faults: list[DataError] = []
    volumes = []
    for file in (path, source):
        try:
            note_twin(file, notice)
            volumes.append(read_volume(file, notice))
        except DataError as fault:
            faults.append(fault)
    if faults:
        raise DataError.collect(faults)
    image, labels = volumes
    require_same_grid(labels.grid, source, image.grid, path, _SAME_GRID)
    _note_unplaced(image, path, labels, source, notice)
    unknown = sorted(set(np.unique(labels.array).tolist()) - set(LABELS))
    if unknown:
        raise DataError(f"it holds the labels {unknown[:5]}, not only {LABELS}", where=source)
    if not (labels.array == LEFT_VENTRICLE).any():
        raise DataError("no slice of it has a left ventricle", where=source)
    pixels = image.array.astype(np.float32)
    return image, [
        LabelledSlice(
            patient=folder.name,
            phase=phase,
            index=index,
            series=pixels[index : index + 1],
            masks=with_derived(
                {name: (labels.array[index] == value).astype(np.uint8) for value, name in STRUCTURES.items()}
            ),
            spacing_mm=image.spacing_mm,
            source=source,
            image_source=path,
            group=group,
        )
        for index in range(len(pixels))
    ]


def _note_unplaced(image: Volume, path: Path, labels: Volume, source: Path, notice: Notice) -> None:
    unplaced = [file for file, volume in ((path, image), (source, labels)) if volume.grid.affine is None]
    if unplaced:
        names = " and of ".join(file.name for file in unplaced)
        what = f"sform_code and qform_code of {names} are 0: only shape and spacing of image and labels can be compared"
        notice(Oddity(what, str(unplaced[0])))


def _require_one_recording(folder: Path, info: Info, volumes: Mapping[Phase, Volume]) -> None:
    """Refuse volumes of the two phases that lie on different grids, as both are frames of one recording.

    Raises:
        DataError: The grids differ.
    """
    diastole, systole = (frame_path(folder, info.frames[phase]) for phase in ("ED", "ES"))
    require_same_grid(
        volumes["ES"].grid,
        systole,
        volumes["ED"].grid,
        diastole,
        "both are frames of one recording: bring back the files as scanned",
    )
