"""What a data set is to gridctl: the cases in a folder, and how to read one.

    class Hearts:
        structures = ("left_ventricle", "myocardium")
        version = "2"

        def cases(self, root):
            return [CaseFiles(path.name, tuple(sorted(path.iterdir()))) for path in sorted(root.iterdir())]

        def read(self, case, frames, notice):
            image, labels = ...  # (slices, H, W)
            return labelled_volume(case.patient, image, labels, {1: "left_ventricle", 2: "myocardium"}, spacing_mm, ...)

It is named by its path, `dataset: "mylab.hearts:Hearts"`, or registered under a short name: see
`gridctl_trainer.plugins.dataset`.
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
    """What is read together: one patient, or one of several volumes of a patient.

    Attributes:
        patient: Id: patients are split, never their images.
        files: All that reading may open; packs are made anew when one of them changes.
        content: Whatever `read` wants to know beside their names.
    """

    patient: str
    files: tuple[Path, ...]
    content: Any = None

    def fingerprint(self, root: Path) -> str:
        """SHA-256 over names, sizes and times of the files: another one if any was changed.

        Raises:
            UnreadableError: One of them is not there any more.
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
    """Reads one kind of data set."""

    def cases(self, root: Path) -> Sequence[CaseFiles]:
        """What lies in a folder, sorted by patient; nothing is opened that need not be.

        Raises:
            DataError: There is no such folder, nothing of this data set in it, or files are missing or unreadable.
        """

    def read(self, case: CaseFiles, frames: int, notice: Notice) -> Sequence[LabelledSlice]:
        """All slices of a case that are annotated, in the order in which they are kept.

        Several threads call it at once, each for another case.

        Args:
            case: One of `cases`.
            frames: Frames of each slice's series, the labelled one last; above 1 only for a `SeriesDataset`.
            notice: Told of everything odd that does not keep the case from being read.

        Raises:
            DataError: A file is missing, unreadable or wrong: all of them, by name.
        """


@runtime_checkable
class SeriesDataset(Dataset, Protocol):
    """One that has frames before the labelled ones, for models that read series."""

    def require_series(self, cases: Sequence[CaseFiles], root: Path) -> None:
        """Refuse cases without them, in one message for the whole set.

        Raises:
            DataError: Some have none.
        """

    def recorded_frames(self, case: CaseFiles, slices: Sequence[LabelledSlice], notice: Notice) -> int:
        """Frames of the recording that the labelled ones of a case are from; 1 if there are no others.

        Args:
            case: One of `cases`.
            slices: As read.
            notice: Told of what does not fit.
        """


@runtime_checkable
class DatasetWithTestSet(Dataset, Protocol):
    """One whose publishers set a test set apart: it lies beside what `cases` finds, and is never trained on."""

    def test_root(self, root: Path) -> Path | None:
        """The folder of the test set that belongs to a folder; None if there is none, or the folder is that one."""


@runtime_checkable
class DatasetWithCaseNames(Dataset, Protocol):
    """One whose cases have names of their own, by which a split's file may call them."""

    def patient_of_case(self, name: str, root: Path | None) -> str:
        """The patient of a case; empty if that is not known.

        Args:
            name: Of the case.
            root: Where the data set lies; None where it is not at hand.
        """


@runtime_checkable
class CheckedDataset(Dataset, Protocol):
    """One that knows more of its patients than their slices say: for `data check`, and before training."""

    def judge(self, slices: Sequence[LabelledSlice], notice: Notice) -> None:
        """Say what cannot be right about the labels of a patient, and what is only unusual."""


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
    """The slices of one volume whose labels are numbers.

    Args:
        patient: Id.
        images: (S, H, W), raw intensities, or (S, C, H, W) with several channels.
        labels: (S, H, W), whole numbers; 0 is background.
        names: Of each number that is a structure.
        spacing_mm: Distance of rows, of columns, and of slices; the last is 0 if unknown.
        source: The file that the labels are from.
        image_source: The file that the images are from.
        time_point: `ED`, `ES`, or of data without time empty.
        metadata: `group`, `vendor`, `centre`.

    Raises:
        DataError: The two are not of one size, or labels hold a number without a name.
    """
    if images.ndim not in (3, 4) or (images.shape[0], *images.shape[-2:]) != labels.shape:
        raise DataError(
            f"its shape is {labels.shape}, that of the images {images.shape}",
            where=source,
            fix=f"bring back the labels of {image_source}",
        )
    found = np.unique(labels)
    if broken := [float(number) for number in found if not float(number).is_integer()]:
        raise DataError(
            f"it holds {broken[0]:g}, and labels are whole numbers",
            where=source,
            fix="resample labels by the nearest neighbour, never linearly",
        )
    numbers = {int(number) for number in found}
    if unknown := sorted(numbers - {0, *names}):
        known = ", ".join(f"{number} {name}" for number, name in names.items())
        raise DataError(
            f"it holds the labels {unknown[:5]}, which nothing is known of", where=source, fix=f"known: {known}"
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
