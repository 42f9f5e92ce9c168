"""nnU-Net's raw layout as a data set of gridctl: finds the cases of each patient and reads them.

Source: documentation/dataset_format.md of nnU-Net, versions 1 and 2. In version 1, `channel_names` was called
`modality` and labels mapped numbers to names; `file_ending` is new in version 2. The label names known here are those
of nnU-Net's conversions of ACDC and M&Ms.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from gridctl_trainer.contract.errors import DataError
from gridctl_trainer.contract.suggest import did_you_mean
from gridctl_trainer.datasets.base import CaseFiles, LabelledSlice, Notice, judge_heart, labelled_volume
from gridctl_trainer.datasets.derived_structures import with_derived
from gridctl_trainer.datasets.file_tree import is_folder, walk
from gridctl_trainer.datasets.formats.nifti import read_volume
from gridctl_trainer.datasets.formats.voxel_grid import require_same_grid
from gridctl_trainer.datasets.missing_folder import missing_folder
from gridctl_trainer.datasets.nnunet.cases import Owner, owners
from gridctl_trainer.datasets.nnunet.description import NAME, Description, read_description
from gridctl_trainer.datasets.nnunet.descriptor import HEART, NNUNET, NnunetOptions
from gridctl_trainer.datasets.slices import CAVITY

_FOLDERS: Final[Mapping[str, tuple[str, str]]] = {
    "train": ("imagesTr", "labelsTr"),
    "test": ("imagesTs", "labelsTs"),
}


@dataclass(frozen=True, slots=True)
class NnunetCase:
    """One labelled volume.

    Attributes:
        owner: The patient and time point of the volume.
        channels: Image files, one per channel.
        labels: Label file.
        structures: Label numbers of each structure.
        unused: Label numbers that belong to no structure.
        derive: Whether to derive the epicardium; False if the options name the structures, which are then complete.
    """

    owner: Owner
    channels: tuple[Path, ...]
    labels: Path
    structures: Mapping[str, tuple[int, ...]]
    unused: tuple[int, ...]
    derive: bool


class Nnunet:
    """The cases below imagesTr and labelsTr, or below imagesTs and labelsTs."""

    def __init__(self, options: NnunetOptions) -> None:
        self._options = options

    def cases(self, root: Path) -> list[CaseFiles]:
        if not is_folder(root):
            raise missing_folder(root, NNUNET.title)
        description = read_description(root)
        structures = _structures(description, self._options, root / NAME)
        named = {number for numbers in structures.values() for number in numbers}
        unused = tuple(number for numbers in description.labels.values() for number in numbers if number not in named)
        images, labels = (root / name for name in _FOLDERS[self._options.part])
        for folder in (images, labels):
            if not is_folder(folder):
                raise DataError("there is no such folder", where=folder, fix=f"it lies beside {NAME} in {root}")
        names = {
            path.name.removesuffix(description.ending): path
            for path in walk(labels).require_readable()
            if path.name.endswith(description.ending)
        }
        if not names:
            raise DataError(f"it holds no file that ends with {description.ending}", where=labels)
        whose = owners(sorted(names), self._options, root)
        by_patient: dict[str, list[NnunetCase]] = defaultdict(list)
        faults = []
        there = set(walk(images).require_readable())
        for name, path in names.items():
            files = tuple(
                images / f"{name}_{channel:04d}{description.ending}" for channel in range(description.channels)
            )
            if missing := [file.name for file in files if file not in there]:
                faults.append(DataError(f"its image {', '.join(missing)} is not in {images.name}", where=path))
            derive = not self._options.labels
            by_patient[whose[name].patient].append(NnunetCase(whose[name], files, path, structures, unused, derive))
        if faults:
            raise DataError.collect(faults)
        return [self._case_files(patient, found, root) for patient, found in sorted(by_patient.items())]

    def _case_files(self, patient: str, found: list[NnunetCase], root: Path) -> CaseFiles:
        ordered = tuple(sorted(found, key=lambda case: case.owner.time_point))
        table = (root / self._options.table,) if self._options.table else ()
        files = (*(path for case in ordered for path in (*case.channels, case.labels)), root / NAME, *table)
        return CaseFiles(patient, files, ordered)

    def patient_of_case(self, name: str, root: Path | None) -> str:
        """The patient to whom a case belongs, as nnU-Net's split files name cases; empty if unknown."""
        try:
            owner = owners([name], self._options, root or Path()).get(name)
        except DataError:
            return ""
        return owner.patient if owner else ""

    def read(self, case: CaseFiles, frames: int, notice: Notice) -> list[LabelledSlice]:
        volumes: Sequence[NnunetCase] = case.content
        slices: list[LabelledSlice] = []
        faults = []
        for volume in volumes:
            try:
                slices += _read(case.patient, volume, notice)
            except DataError as fault:
                faults.append(fault)
        if faults:
            raise DataError.collect(faults)
        return slices

    def judge(self, slices: Sequence[LabelledSlice], notice: Notice) -> None:
        if CAVITY in slices[0].masks:
            judge_heart(slices, notice)


def _structures(description: Description, options: NnunetOptions, path: Path) -> Mapping[str, tuple[int, ...]]:
    """The label numbers of each structure, by the names in the options or else by the usual names.

    Raises:
        DataError: dataset.json lacks a name in the options, or has no name that is known.
    """
    if options.labels:
        unknown = [name for name in options.labels.values() if name not in description.labels]
        if unknown:
            raise DataError(
                f"it has no label '{unknown[0]}', which options.labels names",
                where=path,
                fix=did_you_mean(unknown[0], description.labels) or f"it has {', '.join(description.labels)}",
            )
        return {structure: description.labels[name] for structure, name in options.labels.items()}
    by_name = {name.casefold(): numbers for name, numbers in description.labels.items()}
    found = {
        structure: by_name[alias.casefold()]
        for structure, aliases in HEART.items()
        for alias in aliases
        if alias.casefold() in by_name
    }
    if not found:
        raise DataError(
            f"its labels are {', '.join(description.labels)}, and it is not known which structures these are",
            where=path,
            fix="name them: options: {labels: {left_ventricle: NAME, ...}}",
        )
    return found


def _read(patient: str, case: NnunetCase, notice: Notice) -> list[LabelledSlice]:
    labels = read_volume(case.labels, notice)
    channels = [read_volume(path, notice) for path in case.channels]
    for path, volume in zip(case.channels, channels, strict=True):
        require_same_grid(volume.grid, path, labels.grid, case.labels, "resample all files of a case onto one grid")
    arrays = [volume.array for volume in channels]
    numbers = {number for found in case.structures.values() for number in found} | set(case.unused)
    slices = labelled_volume(
        patient,
        arrays[0] if len(arrays) == 1 else np.stack(arrays, axis=1),
        labels.array,
        {number: str(number) for number in sorted(numbers)},
        labels.spacing_mm,
        source=case.labels,
        image_source=case.channels[0],
        time_point=case.owner.time_point,
        **case.owner.metadata,
    )
    found = []
    for labelled in slices:
        masks = {
            name: np.maximum.reduce([labelled.masks[str(number)] for number in numbers])
            for name, numbers in case.structures.items()
        }
        masks = with_derived(masks) if case.derive else masks
        found.append(dataclasses.replace(labelled, masks=masks))
    return found
