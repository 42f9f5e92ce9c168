"""Looks up data sets by name, and finds the cases in a folder."""

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
        name: Of the data set, as specifications name it.
        dataset: What reads it.
        case: Its files.
    """

    name: str
    dataset: Dataset
    case: CaseFiles

    @property
    def patient(self) -> str:
        """Id."""
        return self.case.patient

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file that reading may open."""
        return self.case.files

    def fingerprint(self, root: Path) -> str:
        """SHA-256 over names, sizes and times of the files.

        Raises:
            UnreadableError: One of them is not there any more.
        """
        return self.case.fingerprint(root)

    def read(self, frames: int, notice: Notice) -> Sequence[LabelledSlice]:
        """Its slices.

        Raises:
            DataError: Files are missing, unreadable or wrong, by name; or a plugin fails, or returns what it must not.
        """
        if DATASETS.is_built_in(self.name):
            return self.dataset.read(self.case, frames, notice)
        return read_foreign(self.name, self.dataset, self.case, frames, notice)

    def judge(self, slices: Sequence[LabelledSlice], notice: Notice) -> None:
        """Report what the data set itself finds odd about these slices."""
        if isinstance(self.dataset, CheckedDataset):
            self.dataset.judge(slices, notice)


def dataset_of(name: str, options: Mapping[str, Any] | None = None) -> Dataset:
    """What reads a data set.

    Args:
        name: A short name, or `pkg.module:Name`.
        options: Of the data set.

    Raises:
        PluginError: There is no such data set, it cannot be imported, or it is none.
        SpecError: An option is unknown or not valid.
    """
    made = builder_of(name)(options_of(DatasetSpec(dataset=name, path="-", options=options or {})))
    if not isinstance(made, Dataset):
        raise PluginError(
            f"the dataset '{name}' makes a {type(made).__name__} without the methods cases and read",
            where=name,
            fix="have it return an object with both",
        )
    return made


def require_version(given: DatasetSpec) -> None:
    """Refuse to read another version of a data set than the experiment is about.

    Raises:
        PluginError: The data set that is installed here declares another one.
    """
    here = DATASETS.find(given.dataset).version
    if given.version != here:
        raise PluginError(
            f"the dataset '{given.dataset}' declares version '{here}' here, the specification says '{given.version}'",
            where=given.dataset,
            fix=f"write version: '{here}' beside it in the experiment file, or install the other version",
        )


def find_sources(name: str, root: Path, options: Mapping[str, Any] | None = None) -> list[CaseSource]:
    """The cases of a data set, sorted by patient.

    Raises:
        DataError: There is no such folder, nothing in it, or files are missing or unreadable.
        PluginError: There is no such data set, or it cannot be imported.
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
    """The folder of the test set that the publishers of a data set put beside what is trained on; None without one.

    Raises:
        PluginError: There is no such data set, or it cannot be imported.
    """
    dataset = dataset_of(name, options)
    return dataset.test_root(root) if isinstance(dataset, DatasetWithTestSet) else None


def case_names(given: DatasetSpec, root: Path | None) -> Callable[[str], str] | None:
    """What knows the patient of a case by its name; None for a data set whose cases have none of their own.

    Args:
        given: Which data set.
        root: Where it lies; None where it is not at hand.

    Raises:
        PluginError: There is no such data set, or it cannot be imported.
    """
    dataset = dataset_of(given.dataset, given.options)
    if not isinstance(dataset, DatasetWithCaseNames):
        return None
    return lambda name: dataset.patient_of_case(name, root)


def require_series(sources: Sequence[CaseSource], root: Path) -> None:
    """Refuse cases without the frames that models read that have temporal context.

    Raises:
        DataError: Some have none: in one message for the whole set.
    """
    if not sources:
        return
    dataset = sources[0].dataset
    if not isinstance(dataset, SeriesDataset):
        raise DataError(
            f"the dataset '{sources[0].name}' has no frames before the labelled ones, which a model reads here",
            where=root,
            fix="use a model that reads single images, such as one without temporal: true",
        )
    dataset.require_series([source.case for source in sources], root)
