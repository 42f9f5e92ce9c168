"""Reads the truth against which masks are scored: label maps in a folder, or a data set as published."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gridctl_trainer.contract.errors import DataError, Fault
from gridctl_trainer.datasets.formats.nifti import Volume, read_series, read_volume
from gridctl_trainer.datasets.formats.voxel_grid import SPACING_TOLERANCE, Grid, require_same_grid
from gridctl_trainer.datasets.quality.oddities import ignore
from gridctl_trainer.datasets.registry import CaseSource
from gridctl_trainer.datasets.slices import LabelledSlice
from gridctl_trainer.file_scoring.label_names import LabelNames
from gridctl_trainer.file_scoring.mask_files import CaseNames, case_name, read_label_map, stem

_RESAMPLE: Final = (
    "bring the prediction back to the grid of the truth, with nearest neighbours; if the voxels match and only the "
    "header is wrong, copy the truth's affine and spacing into it"
)


@dataclass(frozen=True, slots=True)
class Annotated:
    """One structure in the truth of a case.

    Attributes:
        masks: (A, H, W) bool, the masks of the annotated slices.
        slices: (A,) int64, the indices of these slices in the volume.
    """

    masks: NDArray[np.bool_]
    slices: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Truth:
    """The truth of one case.

    Attributes:
        structures: Structures by name.
        counted: (S, H, W) bool, the voxels that count; None if all do.
        spacing_mm: Distance between rows, columns and slices; the last is 0 if unknown.
        fits: Called with a prediction and its file; raises DataError if the prediction lies on another grid.
    """

    structures: Mapping[str, Annotated]
    counted: NDArray[np.bool_] | None
    spacing_mm: tuple[float, float, float]
    fits: Callable[[Volume, Path], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueCase(ABC):
    """A case that has not been read yet.

    Attributes:
        patient: Patient id.
        time_point: Time point; empty for data without a time axis.
        names: Names that a prediction of this case may have.
        where: File of the case.
        metadata: `group`, `vendor` and `centre`, if known.
    """

    patient: str
    time_point: str
    names: tuple[str, ...]
    where: Path
    metadata: Mapping[str, str] = field(default_factory=dict)

    @abstractmethod
    def read(self) -> Truth:
        """Read the truth of the case.

        Raises:
            DataError: The file is unreadable or invalid.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class FileCase(TrueCase):
    """A case whose truth is a label map.

    Attributes:
        labels: Meaning of its numbers.
        option: Option with which labels are declared, for messages.
    """

    labels: LabelNames
    option: str

    def read(self) -> Truth:
        """Read the truth of the case.

        Raises:
            DataError: The file is unreadable or invalid.
        """
        found = read_label_map(self.where, self.labels, self.option)
        numbers, volume = found.numbers, found.volume
        places = np.arange(len(numbers))
        structures = {
            name: Annotated(np.isin(numbers, chosen), places) for name, chosen in self.labels.structures.items()
        }
        counted = None if self.labels.ignored is None else numbers != self.labels.ignored
        return Truth(structures, counted, volume.spacing_mm, _on_grid(volume.grid, self.where))


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetCase(TrueCase):
    """One time point of a patient in a data set, whose slices have been read already."""

    slices: Sequence[LabelledSlice]

    def read(self) -> Truth:
        """Collect the structures that were annotated.

        Raises:
            DataError: The grid of the labels cannot be read.
        """
        by_structure: dict[str, list[LabelledSlice]] = defaultdict(list)
        for item in self.slices:
            for name in item.masks:
                by_structure[name].append(item)
        structures = {
            name: Annotated(
                np.stack([item.masks[name] > 0 for item in found]), np.array([item.index for item in found])
            )
            for name, found in by_structure.items()
        }
        fits = self._on_slices if stem(self.where) is None else _on_grid(_grid_of(self.where), self.where)
        return Truth(structures, None, self.slices[0].spacing_mm, fits)

    def _on_slices(self, predicted: Volume, path: Path) -> None:
        """Compare with images that are not NIfTI: size and spacing must be equal, and no slice may be missing."""
        first, depth = self.slices[0], self.slices[-1].index + 1
        shape = (depth, *first.image.shape)
        found = predicted.array.shape
        if found[0] < shape[0] or found[1:] != shape[1:]:
            what = f"its shape is {found}, but that of the truth is {shape} (slices, rows, columns)"
            raise DataError(what, where=path, fix=_RESAMPLE)
        known = [place for place in range(3) if first.spacing_mm[place] > 0]
        of_truth, of_it = (np.array(spacing)[known] for spacing in (first.spacing_mm, predicted.spacing_mm))
        if not np.allclose(of_truth, of_it, rtol=SPACING_TOLERANCE, atol=0):
            what = f"its spacing is {predicted.spacing_mm} mm, but that of the truth is {first.spacing_mm} mm"
            raise DataError(what, where=path, fix=_RESAMPLE)


Told = Callable[[Fault], None]


def cases_of_files(
    files: Mapping[str, Path], labels: LabelNames, option: str, naming: CaseNames, wrong: Told
) -> Iterator[list[TrueCase]]:
    """Yield the cases of a folder, patient by patient.

    Args:
        files: Files by case name.
        labels: Meaning of their numbers.
        option: Option with which labels are declared, for messages.
        naming: Derives patient and time point from a name.
        wrong: Called for each case whose name does not fit.
    """
    patients: dict[str, list[TrueCase]] = defaultdict(list)
    for name, path in files.items():
        try:
            patient, time_point = naming.of(name, path)
        except DataError as fault:
            wrong(fault)
            continue
        patients[patient].append(
            FileCase(patient=patient, time_point=time_point, names=(name,), where=path, labels=labels, option=option)
        )
    yield from patients.values()


def cases_of_dataset(sources: Iterable[CaseSource], wrong: Told) -> Iterator[list[TrueCase]]:
    """Yield the cases of a data set, patient by patient.

    Args:
        sources: Cases of the data set.
        wrong: Called for each patient who cannot be read.
    """
    patients: dict[str, list[CaseSource]] = defaultdict(list)
    for source in sources:
        patients[source.patient].append(source)
    for patient, own in patients.items():
        try:
            slices = [item for source in own for item in source.read(1, ignore)]
        except DataError as fault:
            wrong(fault)
            yield []
            continue
        times: dict[str, list[LabelledSlice]] = defaultdict(list)
        for item in slices:
            times[item.phase].append(item)
        sources_of = Counter(found[0].source for found in times.values())
        yield [
            _dataset_case(patient, time_point, found, len(times), own_file=sources_of[found[0].source] == 1)
            for time_point, found in times.items()
        ]


def _dataset_case(
    patient: str, time_point: str, slices: list[LabelledSlice], time_points: int, *, own_file: bool
) -> TrueCase:
    """Make the case of one time point; its labels may lie in a file together with those of other time points."""
    first = slices[0]
    names = [case_name(first.source)] if own_file and stem(first.source) else []
    names += [f"{patient}{mark}{time_point}" for mark in "_-"] if time_point else []
    names += [patient] if time_points == 1 else []
    metadata = {"group": first.group, "vendor": first.vendor, "centre": first.centre}
    ordered = sorted(slices, key=lambda item: item.index)
    return DatasetCase(
        patient=patient,
        time_point=time_point,
        names=tuple(names),
        where=first.source,
        metadata=metadata,
        slices=ordered,
    )


def _grid_of(path: Path) -> Grid:
    """Read the grid of a volume, or of a series of volumes."""
    try:
        return read_volume(path).grid
    except DataError:
        return read_series(path).grid


def _on_grid(grid: Grid, where: Path) -> Callable[[Volume, Path], None]:
    return lambda predicted, path: require_same_grid(predicted.grid, path, grid, where, _RESAMPLE)
