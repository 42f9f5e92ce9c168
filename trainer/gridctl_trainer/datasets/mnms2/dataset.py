"""M&Ms-2 as a data set of gridctl: finds the patients and their files, and reads a patient.

Source: Martín-Isla et al., IEEE JBHI 27(7), 2023. The short-axis volumes of end-diastole and end-systole are separate
files; the long-axis files and the whole recordings are not read. Labels: 1 left ventricle, 2 myocardium, 3 right
ventricle; ACDC numbers the ventricles the other way round. It was not published which of the three hospitals a patient
comes from.

The names of files and columns (SUBJECT_CODE without leading zeros, DISEASE, VENDOR) agree with the public loader of
qcardia-data, setup/reformat. That loader replaces the voxel sizes of *_SA_CINE files by those of their affine; these
files are not read here. This reader has not been tested on files of the challenge.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from gridctl_trainer.contract.errors import DataError
from gridctl_trainer.datasets.base import CaseFiles, LabelledSlice, Notice, judge_heart, labelled_volume
from gridctl_trainer.datasets.derived_structures import with_derived
from gridctl_trainer.datasets.file_tree import is_folder, same_name, walk
from gridctl_trainer.datasets.formats.nifti import read_volume
from gridctl_trainer.datasets.formats.table import Row, read_table
from gridctl_trainer.datasets.formats.voxel_grid import require_same_grid
from gridctl_trainer.datasets.missing_folder import missing_folder
from gridctl_trainer.datasets.mnms2.descriptor import MNMS2
from gridctl_trainer.datasets.mnms2.folder import EXPECTED, IMAGE, LABELS, TABLE
from gridctl_trainer.datasets.quality.recognition import nothing_found
from gridctl_trainer.plugins.dataset import DatasetOptions

STRUCTURES: Final[Mapping[int, str]] = MNMS2.labels
"""Name of the structure for each label; 0 is background."""

Volumes = Mapping[str, tuple[Path, Path]]
"""Image file and label file of each time point."""


class Mnms2:
    """All patients of the challenge. Use `data.split.file` to separate its training, validation and test codes."""

    def __init__(self, options: DatasetOptions) -> None:
        """Build the reader; M&Ms-2 has no options."""

    def cases(self, root: Path) -> list[CaseFiles]:
        if not is_folder(root):
            raise missing_folder(root, MNMS2.title)
        images: dict[tuple[str, str], Path] = {}
        labels: dict[tuple[str, str], Path] = {}
        for path in walk(root).require_readable():
            for pattern, found in ((IMAGE, images), (LABELS, labels)):
                if match := pattern.fullmatch(path.name):
                    found[match["patient"], match["phase"].upper()] = path
        if not labels:
            raise nothing_found("labelled patient of M&Ms-2", MNMS2, root, EXPECTED)
        rows = _rows(root)
        cases, faults = [], []
        for patient in sorted({patient for patient, _ in labels}):
            volumes = {phase: (patient, phase) for phase in ("ED", "ES")}
            missing = [
                f"{patient}_SA_{phase}{ending}.nii.gz"
                for phase, key in volumes.items()
                for ending, there in (("", images), ("_gt", labels))
                if key not in there
            ]
            if missing:
                folder = next(path for (found, _), path in labels.items() if found == patient).parent
                faults.append(DataError(f"it lacks {', '.join(missing)}", where=folder, fix="unpack it again"))
                continue
            pairs: Volumes = {phase: (images[key], labels[key]) for phase, key in volumes.items()}
            row = rows.get(patient.lstrip("0"))
            files = (*(path for pair in pairs.values() for path in pair), *([row.path] if row else []))
            cases.append(CaseFiles(patient, files, (pairs, row)))
        if faults:
            raise DataError.collect(faults)
        return cases

    def read(self, case: CaseFiles, frames: int, notice: Notice) -> list[LabelledSlice]:
        pairs: Volumes
        row: Row | None
        pairs, row = case.content
        slices: list[LabelledSlice] = []
        for phase, (image_path, labels_path) in pairs.items():
            image, labels = read_volume(image_path, notice), read_volume(labels_path, notice)
            require_same_grid(labels.grid, labels_path, image.grid, image_path, "bring back both as published")
            slices += labelled_volume(
                case.patient,
                image.array,
                labels.array,
                STRUCTURES,
                image.spacing_mm,
                source=labels_path,
                image_source=image_path,
                time_point=phase,
                group=row.get("DISEASE") if row else "",
                vendor=row.get("VENDOR") if row else "",
            )
        return [dataclasses.replace(item, masks=with_derived(item.masks)) for item in slices]

    def judge(self, slices: Sequence[LabelledSlice], notice: Notice) -> None:
        judge_heart(slices, notice)


def _rows(root: Path) -> Mapping[str, Row]:
    """Read the table of patients, by code without leading zeros; empty if there is no table, as it is optional."""
    for folder in (root, root.resolve().parent):
        if (path := same_name(folder / TABLE)) is not None:
            return {code.lstrip("0"): row for code, row in read_table(path, ("SUBJECT_CODE",)).items()}
    return {}
