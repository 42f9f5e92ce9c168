"""The interface of a data set: it lists the cases in a folder and reads one of them.

    class Hearts:
        structures = ("left_ventricle", "myocardium")
        version = "2"

        def cases(self, root):
            return [CaseFiles(path.name, tuple(sorted(path.iterdir()))) for path in sorted(root.iterdir())]

        def read(self, case, frames, notice):
            image, labels = ...  # (slices, H, W)
            return labelled_volume(case.patient, image, labels, {1: "left_ventricle", 2: "myocardium"}, spacing_mm, ...)

An experiment names it by its path, `dataset: "mylab.hearts:Hearts"`, or by a short name under which it is registered;
see `gridctl_trainer.plugins.dataset`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from gridctl_trainer.contract.errors import DataError
from gridctl_trainer.contract.frozen import canonical_json
from gridctl_trainer.datasets.file_tree import UnreadableError
from gridctl_trainer.datasets.quality.oddities import Notice, Oddity
from gridctl_trainer.datasets.quality.plausibility import judge as judge_heart
from gridctl_trainer.datasets.slices import LabelledSlice
from gridctl_trainer.plugins.dataset import DatasetDescriptor, DatasetOptions, FolderNames

__all__ = [
    "CaseFiles",
    "CheckedDataset",
    "Dataset",
    "DatasetDescriptor",
    "DatasetOptions",
    "DatasetWithCaseNames",
    "DatasetWithTestSet",
    "FolderNames",
    "LabelledSlice",
    "Notice",
    "Oddity",
    "SeriesDataset",
    "judge_heart",
    "labelled_volume",
]


@dataclass(frozen=True, slots=True)
class CaseFiles:
    """Files that are read together: one patient, or one of several volumes of a patient.

    Attributes:
        patient: Patient id. Patients are split, never their images.
        files: Every file that reading may open. A pack is made again if one of them changes.
        content: Whatever else `read` needs to know.
    """

    patient: str
    files: tuple[Path, ...]
    content: Any = None

    def fingerprint(self, root: Path) -> str:
        """SHA-256 over the names, sizes and modification times of the files; it changes when any file does.

        Raises:
            UnreadableError: One of the files no longer exists.
        """
        stats = []
        for path in sorted(self.files):
            try:
                status = path.stat()
            except OSError as error:
                raise UnreadableError(f"cannot read it: {error.strerror}", where=path) from None
            name = path.relative_to(root) if path.is_relative_to(root) else path
            stats.append([name.as_posix(), status.st_size, status.st_mtime_ns])
        return hashlib.sha256(canonical_json(stats).encode()).hexdigest()


@runtime_checkable
class Dataset(Protocol):
    """A reader for one kind of data set."""

    def cases(self, root: Path) -> Sequence[CaseFiles]:
        """List the cases in a folder, sorted by patient, without opening files unnecessarily.

        Raises:
            DataError: The folder does not exist or holds nothing of this data set, or files are missing or unreadable.
        """

    def read(self, case: CaseFiles, frames: int, notice: Notice) -> Sequence[LabelledSlice]:
        """Read all annotated slices of a case, in the order in which they are stored.

        Several threads call this method at once, each for a different case.

        Args:
            case: One of `cases`.
            frames: Number of frames in each slice's series, with the labelled frame last; more than 1 only for a
                `SeriesDataset`.
            notice: Called with everything odd that does not prevent the case from being read.

        Raises:
            DataError: Files are missing, unreadable or wrong; the error names all of them.
        """


@runtime_checkable
class SeriesDataset(Dataset, Protocol):
    """A data set with frames before the labelled ones, for models that read series."""

    def require_series(self, cases: Sequence[CaseFiles], root: Path) -> None:
        """Refuse cases that have no such frames, with one message for the whole set.

        Raises:
            DataError: Some cases have none.
        """

    def recorded_frames(self, case: CaseFiles, slices: Sequence[LabelledSlice], notice: Notice) -> int:
        """Number of frames in the recording from which a case's labelled frames come; 1 if there are no others.

        Args:
            case: One of `cases`.
            slices: The slices that `read` returned.
            notice: Called with everything that does not fit together.
        """


@runtime_checkable
class DatasetWithTestSet(Dataset, Protocol):
    """A data set with a published test set, which lies beside what `cases` finds and is never trained on."""

    def test_root(self, root: Path) -> Path | None:
        """The folder of the test set that belongs to `root`; None if there is none, or if `root` is the test set."""


@runtime_checkable
class DatasetWithCaseNames(Dataset, Protocol):
    """A data set whose cases have names of their own, which a split file may use."""

    def patient_of_case(self, name: str, root: Path | None) -> str:
        """The patient to whom a case belongs; empty if unknown.

        Args:
            name: Name of the case.
            root: Folder of the data set; None if it is not at hand.
        """


@runtime_checkable
class CheckedDataset(Dataset, Protocol):
    """A data set that can judge its own labels, for `data check` and before training."""

    def judge(self, slices: Sequence[LabelledSlice], notice: Notice) -> None:
        """Report what cannot be right about a patient's labels, and what is merely unusual."""


def labelled_volume(
    patient: str,
    images: NDArray[Any],
    labels: NDArray[Any],
    names: Mapping[int, str],
    spacing_mm: tuple[float, float, float],
    source: Path,
    image_source: Path,
    time_point: str = "",
    **metadata: str,
) -> list[LabelledSlice]:
    """Make the slices of one volume from an image and a label map.

    Args:
        patient: Patient id.
        images: (S, H, W) raw intensities, or (S, C, H, W) with several channels.
        labels: (S, H, W) whole numbers; 0 is background.
        names: Name of the structure that each number stands for.
        spacing_mm: Distance between rows, columns and slices; the last is 0 if unknown.
        source: File that the labels come from.
        image_source: File that the images come from.
        time_point: `ED` or `ES`; empty for data without a time axis.
        **metadata: Any of `group`, `vendor` and `centre`.

    Returns:
        One slice per plane, in the order of the arrays, with a mask for every structure in `names`.

    Raises:
        DataError: Image and labels differ in size, or the labels hold a number that is not whole or has no name.
    """
    if images.ndim not in (3, 4) or (images.shape[0], *images.shape[-2:]) != labels.shape:
        raise DataError(
            f"its shape is {labels.shape}, but the images have the shape {images.shape}",
            where=source,
            fix=f"bring back the labels of {image_source}",
        )
    found = np.unique(labels)
    if broken := [float(number) for number in found if not float(number).is_integer()]:
        raise DataError(
            f"it holds {broken[0]:g}, but labels are whole numbers",
            where=source,
            fix="resample labels by the nearest neighbour, never linearly",
        )
    numbers = {int(number) for number in found}
    if unknown := sorted(numbers - {0, *names}):
        known = ", ".join(f"{number} {name}" for number, name in names.items())
        raise DataError(
            f"it holds the labels {unknown[:5]}, which have no known meaning", where=source, fix=f"known: {known}"
        )
    pixels = images.astype(np.float32)
    return [
        LabelledSlice(
            patient=patient,
            phase=time_point,
            index=index,
            series=pixels[index][None],
            masks={name: (labels[index] == number).astype(np.uint8) for number, name in names.items()},
            spacing_mm=spacing_mm,
            source=source,
            image_source=image_source,
            **metadata,
        )
        for index in range(len(labels))
    ]
