"""The truth that masks are scored against: label maps of a folder, or a data set as published."""

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
        masks: (A, H, W) bool, of annotated slices.
        slices: (A,) int64: their places in the volume.
    """

    masks: NDArray[np.bool_]
    slices: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Truth:
    """What is known of one case.

    Attributes:
        structures: By name.
        counted: (S, H, W) bool, voxels that count; None if all do.
        spacing_mm: Distance of rows, of columns, and of slices; the last is 0 if unknown.
        fits: Called with a prediction and its file; raises DataError if it lies on another grid.
    """

    structures: Mapping[str, Annotated]
    counted: NDArray[np.bool_] | None
    spacing_mm: tuple[float, float, float]
    fits: Callable[[Volume, Path], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueCase(ABC):
    """A case that has not been read yet.

    Attributes:
        patient: Id.
        time_point: Empty for data without time.
        names: How a prediction of it may be called.
        where: Its file.
        metadata: `group`, `vendor` and `centre`, as far as they are known.
    """

    patient: str
    time_point: str
    names: tuple[str, ...]
    where: Path
    metadata: Mapping[str, str] = field(default_factory=dict)

    @abstractmethod
    def read(self) -> Truth:
        """Read it.

        Raises:
            DataError: It is unreadable, or holds what it must not.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class FileCase(TrueCase):
    """A label map.

    Attributes:
        labels: What its numbers are.
        option: By which they are declared, for messages.
    """

    labels: LabelNames
    option: str

    def read(self) -> Truth:
        """Read it.

        Raises:
            DataError: It is unreadable, or holds what it must not.
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
    """One time point of a patient of a data set, whose slices are read already."""

    slices: Sequence[LabelledSlice]

    def read(self) -> Truth:
        """What was annotated.

        Raises:
            DataError: Its grid cannot be read.
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
        """Of images that are no NIfTI: as many slices at least, of the same size and spacing."""
        first, depth = self.slices[0], self.slices[-1].index + 1
        shape = (depth, *first.image.shape)
        found = predicted.array.shape
        if found[0] < shape[0] or found[1:] != shape[1:]:
            what = f"its shape is {found}, but that of the truth {shape}, of slices, rows and columns"
            raise DataError(what, where=path, fix=_RESAMPLE)
        known = [place for place in range(3) if first.spacing_mm[place] > 0]
        of_truth, of_it = (np.array(spacing)[known] for spacing in (first.spacing_mm, predicted.spacing_mm))
        if not np.allclose(of_truth, of_it, rtol=SPACING_TOLERANCE, atol=0):
            what = f"its spacing is {predicted.spacing_mm} mm, but that of the truth {first.spacing_mm} mm"
            raise DataError(what, where=path, fix=_RESAMPLE)


Told = Callable[[Fault], None]


def cases_of_files(
    files: Mapping[str, Path], labels: LabelNames, option: str, naming: CaseNames, wrong: Told
) -> Iterator[list[TrueCase]]:
    """Patient by patient, the cases of a folder.

    Args:
        files: By name.
        labels: What their numbers are.
        option: By which they are declared, for messages.
        naming: Which patient and time point a name stands for.
        wrong: Told of a case that is not of any.
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
    """Patient by patient, the cases of a data set.

    Args:
        sources: Of its patients.
        wrong: Told of a patient who cannot be read.
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
    """One time point of a patient, whose labels may lie in a file with those of others."""
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
    """Of a volume, or of the volumes of a series."""
    try:
        return read_volume(path).grid
    except DataError:
        return read_series(path).grid


def _on_grid(grid: Grid, where: Path) -> Callable[[Volume, Path], None]:
    return lambda predicted, path: require_same_grid(predicted.grid, path, grid, where, _RESAMPLE)
