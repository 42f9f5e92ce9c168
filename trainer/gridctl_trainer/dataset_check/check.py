"""Inspects a whole data set: its patients, their measurements, and what is odd about them."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from gridctl_trainer.contract.errors import DataError, Problem
from gridctl_trainer.contract.spec.data import DEFAULT_TARGET, DatasetSpec
from gridctl_trainer.datasets.base import SeriesDataset
from gridctl_trainer.datasets.file_tree import UnreadableError, is_folder
from gridctl_trainer.datasets.quality.image_content import picture_digest
from gridctl_trainer.datasets.quality.oddities import Oddity, settled
from gridctl_trainer.datasets.quality.plausibility import ejection_fraction
from gridctl_trainer.datasets.quality.recognition import held_by, looks_like
from gridctl_trainer.datasets.registry import CaseSource, find_sources
from gridctl_trainer.datasets.slices import LabelledSlice, Phase, Progress, cavity_ml
from gridctl_trainer.plugins.dataset import DATASETS
from gridctl_trainer.plugins.entry_points import PluginError
from gridctl_trainer.preprocessing.grey_levels import channel_rescalings
from gridctl_trainer.preprocessing.reading import each_patient


@dataclass(frozen=True, slots=True)
class CheckedPatient:
    """What was found about one patient.

    Attributes:
        patient: Patient id.
        group: Diagnosis, if the files give it.
        phases: The labelled phases.
        slices: For each phase, the number of slices and of slices with a cavity.
        size_px: Rows and columns of the first image.
        spacing_mm: Distance between rows, columns and slices.
        intensities: Lowest and highest value of all pixels.
        largest_cm2: Largest area of the cavity in each phase.
        volume_ml: Volume of the cavity in each phase; None if the distance between slices is unknown.
        ejection_fraction: Ejection fraction in [0, 1]; None without both phases.
        structures: Other structures that are outlined, each with its number of slices.
        series_frames: Number of frames in the recording of the labelled ones; 1 if there are no others.
        problems: Why the patient cannot be read; in that case the other fields are empty.
        oddities: What is odd about the patient.
        folder: Folder of the labels.
        pictures: Digests of the images, by which copies are found.
        labels: Digest of all masks.
    """

    patient: str
    group: str = ""
    phases: tuple[Phase, ...] = ()
    slices: tuple[tuple[int, int], ...] = ()
    size_px: tuple[int, int] = (0, 0)
    spacing_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    intensities: tuple[float, float] = (0.0, 0.0)
    largest_cm2: tuple[float, ...] = ()
    volume_ml: tuple[float, ...] | None = None
    ejection_fraction: float | None = None
    structures: tuple[tuple[str, int], ...] = ()
    series_frames: int = 1
    problems: tuple[Problem, ...] = ()
    oddities: tuple[Oddity, ...] = ()
    folder: str = ""
    pictures: tuple[str, ...] = ()
    labels: str = ""


@dataclass(frozen=True, slots=True)
class CheckedSet:
    """What was found about one data set.

    Attributes:
        kind: Name of the data set.
        root: Folder of the data set.
        patients: All patients.
        is_test: Whether this is the published test set of the data set beside it.
    """

    kind: str
    root: Path
    patients: tuple[CheckedPatient, ...]
    is_test: bool = False

    @property
    def wrong(self) -> bool:
        """Whether training or scores on this data set would be wrong."""
        return any(patient.problems or any(oddity.wrong for oddity in patient.oddities) for patient in self.patients)


def find_sets(root: Path, given: DatasetSpec | None = None) -> dict[str, tuple[Path, list[CaseSource]]]:
    """Find the data sets at or just below a root.

    Args:
        root: A folder.
        given: The data set to look for; None to look for those that are recognised by the names of their files.

    Returns:
        By name of the data set, its folder and its cases.

    Raises:
        DataError: There is no data set, or part of one cannot be read.
        PluginError: The data set does not exist or cannot be imported.
        SpecError: An option is unknown or invalid.
    """
    if given is not None:
        return {given.dataset: (root, find_sources(given.dataset, root, given.options))}
    found: dict[str, tuple[Path, list[CaseSource]]] = {}
    faults = {}
    for kind, folders in _recognised().items():
        for folder in folders:
            try:
                found[kind] = (root / folder, find_sources(kind, root / folder))
                break
            except UnreadableError:
                raise  # otherwise, another data set beside it would hide that patients are missing
            except DataError as fault:
                if is_folder(root / folder):
                    faults[kind] = fault
    if found:
        return found
    if not is_folder(root):
        raise DataError("there is no such folder", where=root, fix="give the folder of a data set")
    if meant := [faults[kind] for kind in looks_like(root) if kind in faults]:
        raise DataError.collect(meant)
    known = ", ".join(DATASETS.find(name).title for name in _recognised())
    raise DataError(
        f"no known data set was recognised in this folder: {held_by(root)}",
        where=root,
        fix=f"give the folder of one of {known}; name any other data set with --dataset NAME",
    )


def _recognised() -> dict[str, tuple[str, ...]]:
    """The data sets that are recognised by file names, with the folders below a root in which each may lie."""
    found = {}
    for name in DATASETS.names():
        with contextlib.suppress(PluginError):
            if folder := DATASETS.find(name).folder:
                found[name] = folder.below
    return found


def check_set(
    kind: str,
    root: Path,
    sources: Sequence[CaseSource],
    progress: Progress | None = None,
    workers: int = 1,
    figures: Path | None = None,
    target: Sequence[str] = DEFAULT_TARGET,
    *,
    is_test: bool = False,
) -> CheckedSet:
    """Read and inspect every patient.

    Args:
        kind: Name of the data set.
        root: Folder of the data set.
        sources: Cases of the data set.
        progress: Called with the number of patients done and the total number.
        workers: Number of patients to read at once.
        figures: Folder for one contact sheet per patient; None for no sheets.
        target: Structures to be segmented; faults of other structures do not count as wrong.
        is_test: Whether this is the published test set.
    """
    work = partial(_check, figures, target)
    return CheckedSet(kind, root, tuple(each_patient(sources, work, progress, workers)), is_test)


def to_json(checked: CheckedSet) -> dict[str, Any]:
    """The findings as JSON data, for scripts."""
    return {
        "set": checked.kind,
        "root": str(checked.root),
        "test": checked.is_test,
        "wrong": checked.wrong,
        "patients": [
            {
                "patient": found.patient,
                "group": found.group,
                "rows": found.size_px[0],
                "columns": found.size_px[1],
                "spacing_mm": found.spacing_mm,
                "intensities": found.intensities,
                "phases": {
                    phase: {
                        "slices": found.slices[index][0],
                        "labelled_slices": found.slices[index][1],
                        "largest_area_cm2": found.largest_cm2[index],
                        "volume_ml": found.volume_ml[index] if found.volume_ml else None,
                    }
                    for index, phase in enumerate(found.phases)
                },
                "ejection_fraction": found.ejection_fraction,
                "structures": dict(found.structures),
                "series_frames": found.series_frames,
                "problems": [{"what": p.what, "where": p.where, "fix": p.fix} for p in found.problems],
                "oddities": [{"what": o.what, "where": o.where, "wrong": o.wrong} for o in found.oddities],
            }
            for found in checked.patients
        ],
    }


def _check(figures: Path | None, target: Sequence[str], source: CaseSource) -> CheckedPatient:
    oddities: list[Oddity] = []
    series_frames = 1
    try:
        slices = source.read(1, oddities.append)
        source.judge(slices, oddities.append)
        channel_rescalings(slices, oddities.append)
        if isinstance(source.dataset, SeriesDataset):
            series_frames = source.dataset.recorded_frames(source.case, slices, oddities.append)
    except DataError as fault:
        return CheckedPatient(source.patient, problems=fault.problems, oddities=tuple(oddities))
    if figures is not None:
        from gridctl_trainer.datasets.contact_sheets import write_sheet

        write_sheet(figures / f"{source.patient}.png", slices)
    counted = [settled(oddity, target) for oddity in oddities]
    return _measured(source.patient, slices[0].group, slices, series_frames, counted)


def _measured(
    patient: str, group: str, slices: Sequence[LabelledSlice], series_frames: int, oddities: Sequence[Oddity]
) -> CheckedPatient:
    phases: tuple[Phase, ...] = tuple(dict.fromkeys(labelled.phase for labelled in slices))
    of = {phase: [labelled for labelled in slices if labelled.phase == phase] for phase in phases}
    rows_mm, columns_mm, slices_mm = slices[0].spacing_mm
    structures: dict[str, int] = {}
    for labelled in slices:
        for name, mask in labelled.structures.items():
            structures[name] = structures.get(name, 0) + bool(mask.any())
    return CheckedPatient(
        patient=patient,
        group=group,
        phases=phases,
        slices=tuple((len(found), sum(bool(item.mask.any()) for item in found)) for found in of.values()),
        size_px=(slices[0].mask.shape[0], slices[0].mask.shape[1]),
        spacing_mm=slices[0].spacing_mm,
        intensities=(
            min(float(item.image.min()) for item in slices),
            max(float(item.image.max()) for item in slices),
        ),
        largest_cm2=tuple(
            max(float(item.mask.sum()) for item in found) * rows_mm * columns_mm / 100 for found in of.values()
        ),
        volume_ml=tuple(cavity_ml(slices, phase) for phase in phases) if slices_mm else None,
        ejection_fraction=ejection_fraction(slices),
        structures=tuple(structures.items()),
        series_frames=series_frames,
        oddities=tuple(oddities),
        folder=str(slices[0].source.parent),
        pictures=tuple(picture_digest(labelled.image) for labelled in slices),
        labels=_labels_digest(slices),
    )


def _labels_digest(slices: Sequence[LabelledSlice]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for labelled in slices:
        for name in sorted(labelled.masks):
            digest.update(f"{labelled.phase} {labelled.index} {name}".encode())
            digest.update(np.ascontiguousarray(labelled.masks[name]).data)
    return digest.hexdigest()
