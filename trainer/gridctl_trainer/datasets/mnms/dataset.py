"""M&Ms as a data set of gridctl: finds the patients and their files, and reads a patient.

Source: Campello et al., IEEE TMI 40(12), 2021. Each recording is a 4D file. Its labels are another 4D file of the same
shape, which is empty except for the two frames that the table of patients names, counted from 0. Labels: 1 left
ventricle, 2 myocardium, 3 right ventricle; ACDC numbers the ventricles the other way round.

The names of files, columns and labels, and the counting of frames from 0, agree with nnU-Net's own conversion
(nnunetv2/dataset_conversion/Dataset114_MNMs.py), which reads `External code`, `ED` and `ES` and calls the labels LVBP,
LVM and RV. It notes that the direction cosines of some test and validation files are not orthonormal; such an affine
is read as it is. This reader has not been tested on files of the challenge.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from gridctl_trainer.contract.errors import DataError
from gridctl_trainer.contract.wording import count as counted
from gridctl_trainer.datasets.base import CaseFiles, LabelledSlice, Notice, Oddity, judge_heart, labelled_volume
from gridctl_trainer.datasets.derived_structures import with_derived
from gridctl_trainer.datasets.file_tree import entries, is_folder, walk
from gridctl_trainer.datasets.formats.nifti import Volume, read_series
from gridctl_trainer.datasets.formats.table import Row, read_table
from gridctl_trainer.datasets.formats.voxel_grid import require_same_grid
from gridctl_trainer.datasets.missing_folder import missing_folder
from gridctl_trainer.datasets.mnms.descriptor import MNMS
from gridctl_trainer.datasets.mnms.folder import EXPECTED, IMAGE, LABELS, TABLE, TESTING, TRAINING, part_of
from gridctl_trainer.datasets.quality.recognition import nothing_found
from gridctl_trainer.datasets.temporal_context import frames_before, pad_series
from gridctl_trainer.plugins.dataset import DatasetOptions

STRUCTURES: Final[Mapping[int, str]] = MNMS.labels
"""Name of the structure for each label; 0 is background."""

_PHASES: Final = ("ED", "ES")
_LEVELS: Final = 3
"""Number of levels above the given folder in which the table may lie."""


@dataclass(frozen=True, slots=True)
class Recording:
    """Files of one patient, and the patient's row of the table."""

    image: Path
    labels: Path
    row: Row


class Mnms:
    """The patients of the challenge; only those of the training part if the folder holds several parts."""

    def __init__(self, options: DatasetOptions) -> None:
        """Build the reader; M&Ms has no options."""

    def cases(self, root: Path) -> list[CaseFiles]:
        if not is_folder(root):
            raise missing_folder(root, MNMS.title)
        files = walk(root).require_readable()
        images = {path.parent / match["patient"]: path for path in files if (match := IMAGE.fullmatch(path.name))}
        labelled = [(match["patient"], path) for path in files if (match := LABELS.fullmatch(path.name))]
        parts = {part_of(path.relative_to(root)) for _, path in labelled}
        chosen = [
            (patient, path)
            for patient, path in labelled
            if TRAINING not in parts or part_of(path.relative_to(root)) == TRAINING
        ]
        if not chosen:
            raise nothing_found("labelled patient of M&Ms", MNMS, root, EXPECTED)
        rows = _rows(root)
        cases, faults = [], []
        for patient, labels in chosen:
            image, row = images.get(labels.parent / patient), rows.get(patient)
            if image is None:
                faults.append(DataError(f"its image {patient}_sa.nii.gz is not beside it", where=labels))
            elif row is None:
                table = next(iter(rows.values())).path
                faults.append(DataError(f"there is no row for {patient}, so its frames are not known", where=table))
            else:
                cases.append(CaseFiles(patient, (image, labels, row.path), Recording(image, labels, row)))
        if faults:
            raise DataError.collect(faults)
        return sorted(cases, key=lambda case: case.patient)

    def test_root(self, root: Path) -> Path | None:
        """The folder `Testing` beside `Training`, as the challenge publishes both."""
        real = root.resolve()
        for base in (real, *real.parents[:2]):
            names = {path.name.casefold(): path for path in _listed(base) if path.is_dir()}
            within = real.parts[len(base.parts) :]
            if TRAINING in names and TESTING in names and (not within or within[0].casefold() == TRAINING):
                labelled = any(LABELS.fullmatch(path.name) for path in walk(names[TESTING]).files)
                return names[TESTING] if labelled else None
        return None

    def read(self, case: CaseFiles, frames: int, notice: Notice) -> list[LabelledSlice]:
        recording: Recording = case.content
        image = read_series(recording.image, notice)
        labels = read_series(recording.labels, notice)
        require_same_grid(labels.grid, recording.labels, image.grid, recording.image, "bring back both as published")
        if len(labels.array) != len(image.array):
            raise DataError(f"it has {len(labels.array)} frames, the image {len(image.array)}", where=recording.labels)
        slices = []
        for phase, frame in _frames(case.patient, recording, labels).items():
            volume = _volume(case.patient, recording, image, labels, phase, frame)
            slices += volume if frames == 1 else _with_frames_before(volume, image, phase, frame, frames, notice)
        return slices

    def judge(self, slices: Sequence[LabelledSlice], notice: Notice) -> None:
        judge_heart(slices, notice)

    def require_series(self, cases: Sequence[CaseFiles], root: Path) -> None:
        """Accept all cases, as every file of M&Ms is a series."""

    def recorded_frames(self, case: CaseFiles, slices: Sequence[LabelledSlice], notice: Notice) -> int:
        return len(read_series(case.content.image).array)


def _listed(folder: Path) -> list[Path]:
    """List a folder; the list is empty if the folder cannot be read, as may happen above the data."""
    try:
        return list(entries(folder))
    except DataError:
        return []


def _rows(root: Path) -> dict[str, Row]:
    """Read the table of patients, which lies in the given folder or above it.

    Raises:
        DataError: There is no table, or it lacks a column.
    """
    for folder in (root, *root.resolve().parents[:_LEVELS]):
        tables = [path for path in _listed(folder) if TABLE.fullmatch(path.name)]
        if tables:
            return read_table(tables[0], ("External code",), ("ED", "ES"))
    raise DataError(
        "there is no table of the patients, which says which frames are labelled",
        where=root,
        fix="put 211230_M&Ms_Dataset_information_diagnosis_opendataset.csv into the folder that holds Training",
    )


def _frames(patient: str, recording: Recording, labels: Volume) -> dict[str, int]:
    """The numbers of the labelled frames, from 0, as the table gives them; each of them must hold labels.

    Raises:
        DataError: A number is not a frame of the recording, or that frame is not labelled.
    """
    frames: dict[str, int] = {}
    labelled = [number for number, volume in enumerate(labels.array) if volume.any()]
    faults = []
    for phase in _PHASES:
        text = recording.row.get(phase)
        try:
            frames[phase] = int(float(text))
        except ValueError:
            faults.append(DataError(f"{phase} of {patient} is {text!r}, not a frame", where=recording.row.where))
            continue
        if frames[phase] not in labelled:
            there = ", ".join(map(str, labelled)) or "none"
            faults.append(
                DataError(
                    f"the table names frame {text} as {phase}, but it holds no label; labelled frames: {there}",
                    where=recording.labels,
                    fix=f"frames count from 0; compare {recording.row.where}"
                    if labelled
                    else "its labels were not published; remove this patient",
                )
            )
    if faults:
        raise DataError.collect(faults)
    return frames


def _volume(
    patient: str, recording: Recording, image: Volume, labels: Volume, phase: str, frame: int
) -> list[LabelledSlice]:
    row = recording.row
    slices = labelled_volume(
        patient,
        image.array[frame],
        labels.array[frame],
        STRUCTURES,
        image.spacing_mm,
        source=recording.labels,
        image_source=recording.image,
        time_point=phase,
        group=row.get("Pathology"),
        vendor=row.get("VendorName", "Vendor"),
        centre=row.get("Centre"),
    )
    return [dataclasses.replace(item, masks=with_derived(item.masks)) for item in slices]


def _with_frames_before(
    slices: Sequence[LabelledSlice], image: Volume, phase: str, frame: int, count: int, notice: Notice
) -> list[LabelledSlice]:
    numbers, padded = pad_series(frames_before(frame, phase, count), range(len(image.array)))
    if padded:
        what = f"the series of {count} frames to {phase} is padded {counted(padded, 'time')} by its first, {numbers[0]}"
        notice(Oddity(what, str(slices[0].image_source)))
    before = image.array[numbers[:-1]].astype(np.float32)
    return [dataclasses.replace(item, series=np.concatenate([before[:, item.index], item.series])) for item in slices]
