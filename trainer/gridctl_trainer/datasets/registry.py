"""Looks up data sets by name and finds the cases in a folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gridctl_trainer.contract.errors import DataError
from gridctl_trainer.contract.spec import DatasetSpec
from gridctl_trainer.datasets.base import (
    CaseFiles,
    CheckedDataset,
    Dataset,
    DatasetWithCaseNames,
    DatasetWithTestSet,
    SeriesDataset,
)
from gridctl_trainer.datasets.file_tree import UnreadableError
from gridctl_trainer.datasets.foreign_reading import read_foreign
from gridctl_trainer.datasets.quality.oddities import Notice
from gridctl_trainer.datasets.slices import LabelledSlice
from gridctl_trainer.plugins.dataset import DATASETS, builder_of, options_of
from gridctl_trainer.plugins.entry_points import PluginError


@dataclass(frozen=True, slots=True)
class CaseSource:
    """One case that has not been read yet.

    Attributes:
        name: Name of the data set, as specifications give it.
        dataset: Reader of the data set.
        case: Files of the case.
    """

    name: str
    dataset: Dataset
    case: CaseFiles

    @property
    def patient(self) -> str:
        """Patient id."""
        return self.case.patient

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file that reading may open."""
        return self.case.files

    def fingerprint(self, root: Path) -> str:
        """SHA-256 over the names, sizes and modification times of the files.

        Raises:
            UnreadableError: One of the files no longer exists.
        """
        return self.case.fingerprint(root)

    def read(self, frames: int, notice: Notice) -> Sequence[LabelledSlice]:
        """Read the slices of the case.

        Args:
            frames: Number of frames in each slice's series, with the labelled frame last.
            notice: Called with everything odd that does not prevent the case from being read.

        Raises:
            DataError: Files are missing, unreadable or wrong, or a plugin fails or returns something invalid.
        """
        if DATASETS.is_built_in(self.name):
            return self.dataset.read(self.case, frames, notice)
        return read_foreign(self.name, self.dataset, self.case, frames, notice)

    def judge(self, slices: Sequence[LabelledSlice], notice: Notice) -> None:
        """Report what the data set finds odd about its own slices."""
        if isinstance(self.dataset, CheckedDataset):
            self.dataset.judge(slices, notice)


def dataset_of(name: str, options: Mapping[str, Any] | None = None) -> Dataset:
    """Build the reader of a data set.

    Args:
        name: A short name, or `pkg.module:Name`.
        options: Options of the data set.

    Raises:
        PluginError: The data set does not exist, cannot be imported, or lacks the methods of one.
        SpecError: An option is unknown or invalid.
    """
    made = builder_of(name)(options_of(DatasetSpec(dataset=name, path="-", options=options or {})))
    if not isinstance(made, Dataset):
        raise PluginError(
            f"the dataset '{name}' builds a {type(made).__name__} without the methods cases and read",
            where=name,
            fix="have it return an object with both",
        )
    return made


def require_version(given: DatasetSpec) -> None:
    """Refuse to read a different version of a data set than the one that the experiment names.

    Raises:
        PluginError: The installed data set declares a different version.
    """
    here = DATASETS.find(given.dataset).version
    if given.version != here:
        raise PluginError(
            f"the dataset '{given.dataset}' declares version '{here}' here, the specification says '{given.version}'",
            where=given.dataset,
            fix=f"write version: '{here}' beside it in the experiment file, or install the other version",
        )


def find_sources(name: str, root: Path, options: Mapping[str, Any] | None = None) -> list[CaseSource]:
    """Find the cases of a data set, sorted by patient.

    Args:
        name: Short name or path of the data set.
        root: Folder of the data set.
        options: Options of the data set.

    Raises:
        DataError: The folder does not exist or holds no case, or files are missing or unreadable.
        PluginError: The data set does not exist or cannot be imported.
    """
    dataset = dataset_of(name, options)
    try:
        found = list(dataset.cases(root))
    except OSError as error:
        raise UnreadableError(f"cannot read it: {error.strerror}", where=error.filename or root) from None
    if not found:
        raise DataError("there is no case in this folder", where=root, fix=f"give the folder of {name}")
    return [CaseSource(name, dataset, case) for case in sorted(found, key=lambda case: case.patient)]


def find_test_root(name: str, root: Path, options: Mapping[str, Any] | None = None) -> Path | None:
    """The folder of the test set that was published with a data set; None if there is none.

    Args:
        name: Short name or path of the data set.
        root: Folder of the data set.
        options: Options of the data set.

    Raises:
        PluginError: The data set does not exist or cannot be imported.
    """
    dataset = dataset_of(name, options)
    return dataset.test_root(root) if isinstance(dataset, DatasetWithTestSet) else None


def case_names(given: DatasetSpec, root: Path | None) -> Callable[[str], str] | None:
    """A function from the name of a case to its patient; None if the data set has no names for cases.

    Args:
        given: The data set.
        root: Folder of the data set; None if it is not at hand.

    Raises:
        PluginError: The data set does not exist or cannot be imported.
    """
    dataset = dataset_of(given.dataset, given.options)
    if not isinstance(dataset, DatasetWithCaseNames):
        return None
    return lambda name: dataset.patient_of_case(name, root)


def require_series(sources: Sequence[CaseSource], root: Path) -> None:
    """Refuse cases without the frames that models with temporal context read.

    Raises:
        DataError: Some cases have none; there is one message for the whole set.
    """
    if not sources:
        return
    dataset = sources[0].dataset
    if not isinstance(dataset, SeriesDataset):
        raise DataError(
            f"the dataset '{sources[0].name}' has no frames before the labelled ones, but a model here reads them",
            where=root,
            fix="use a model that reads single images, such as one without temporal: true",
        )
    dataset.require_series([source.case for source in sources], root)
