"""Whether an experiment's data are where it says: one check, and one wording, for every command."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice

from gridctl.errors import InputError, Problem
from gridctl.executors.check import Check, guarded
from gridctl.executors.registry import descriptor_of
from gridctl.experiment import Experiment
from gridctl.experiment.draft.data_folders import MOST_FILES, files_below, recognised
from gridctl.terminal.console import count
from gridctl_trainer.contract.data_layout import CHECKSUMS, PACK_MANIFEST
from gridctl_trainer.contract.errors import StoreError
from gridctl_trainer.contract.location import Location, read_location
from gridctl_trainer.plugins.dataset import title_of
from gridctl_trainer.storage.base import open_store


@dataclass(frozen=True, slots=True)
class DataPlace:
    """The place of a data set that some run reads.

    Attributes:
        keys: Keys that lead to it below `data`, such as `external` and `sunnybrook`.
        dataset: Name of the data set.
        path: As the experiment gives it.
    """

    keys: tuple[str, ...]
    dataset: str
    path: str

    @property
    def field(self) -> str:
        """The key of its path, as `--set` takes it."""
        return ".".join(("data", *self.keys, "path"))

    @property
    def location(self) -> tuple[str, ...]:
        """Keys that lead to its path in the experiment's file."""
        return ("data", *self.keys, "path")


def data_places(experiment: Experiment) -> Sequence[DataPlace]:
    """Each place of data that some run reads, once."""
    given = (item for run in experiment.runs for item in run.data.places)
    return list(dict.fromkeys(DataPlace(keys, found.dataset, found.path) for keys, found in given))


def require_data(experiment: Experiment, *, by_name: bool = False) -> None:
    """Check that data are where the experiment says, as far as this machine can tell.

    A folder is only looked for if runs train here. A bucket that cannot be reached is skipped: pods may reach it, and
    data that were fetched before need not be fetched again.

    Args:
        experiment: The experiment.
        by_name: Whether to check file names against the data set as well; no file is opened.

    Raises:
        InputError: There is nothing, or something else: every mistake at once.
    """
    problems = list(missing_data(experiment).values())
    if by_name and _are_read_here(experiment):
        for place in data_places(experiment):
            problems += _named_otherwise(experiment, place)
    if problems:
        raise InputError(problems)


def missing_data(experiment: Experiment) -> dict[str, Problem]:
    """The places without data, by their text, as far as this machine can tell."""
    here = _are_read_here(experiment)
    return {
        place.path: nothing_there(experiment, place)
        for place in data_places(experiment)
        if _is_missing(read_location(place.path, experiment.document.where(place.location)), place.path, here=here)
    }


def data_checks(experiment: Experiment) -> Iterator[Check]:
    """Checks for `gridctl doctor` of every place of data that can be reached from here: folders and buckets."""
    here = _are_read_here(experiment)
    for place in data_places(experiment):
        found = read_location(place.path)
        if found.is_remote:
            yield guarded("data", partial(_bucket, experiment, place))
        elif here and found.folder.is_dir():
            yield Check("data", "ok", f"{found.folder.absolute()} is there")
        elif here:
            yield _as_check(nothing_there(experiment, place))


def _bucket(experiment: Experiment, place: DataPlace) -> Check:
    files, size_bytes = 0, 0
    for stat in open_store(place.path).list():
        if stat.key != CHECKSUMS:
            files, size_bytes = files + 1, size_bytes + stat.size_bytes
    if not files:
        return _as_check(nothing_there(experiment, place))
    return Check(
        "data",
        "ok",
        f"{place.path} has {count(files, 'file')}, {size_bytes / 1e9:.2f} GB, which each machine fetches once",
    )


def _as_check(problem: Problem) -> Check:
    return Check("data", "failed", f"{problem.where}: {problem.what}", problem.fix)


def _are_read_here(experiment: Experiment) -> bool:
    """Whether runs read folders of this machine."""
    return descriptor_of(experiment.backend, experiment).on_this_machine


def _is_missing(place: Location, text: str, *, here: bool) -> bool:
    if not place.is_remote:
        return here and not place.folder.is_dir()
    with contextlib.suppress(StoreError):
        return next(iter(open_store(text).list()), None) is None
    return False


def nothing_there(experiment: Experiment, place: DataPlace) -> Problem:
    """The problem that a place is empty, with the line of the file that names it."""
    found, text = read_location(place.path), place.path
    if found.is_remote:
        what, fix = (
            f"there is nothing at {text}",
            f"gridctl-trainer data upload FOLDER {shlex.quote(text)}, or correct it",
        )
    else:
        made = " (or make a synthetic set: gridctl-trainer data phantom data/phantom)" if "phantom" in text else ""
        what = f"there is no folder {found.folder.absolute()}"
        fix = f"give another one with --set {place.field}=PATH{made}"
    return experiment.document.problem(place.location, what, fix)


def _named_otherwise(experiment: Experiment, place: DataPlace) -> Iterator[Problem]:
    """Report a folder in which no name is one of the data set's; the preflight checks the contents."""
    location, names = read_location(place.path), recognised().get(place.dataset)
    if location.is_remote or not location.folder.is_dir() or names is None:
        return
    folder = location.folder
    try:
        if any(folder.glob(f"*/{PACK_MANIFEST}")):
            return
        paths = files_below(folder)
        if any(names.sign.fullmatch(part) for path in paths for part in path.parts):
            return
        if any(names.sign.fullmatch(path.name) for path in islice(folder.rglob("*"), MOST_FILES)):  # an empty folder
            return
        there = sorted(path.name for path in islice(folder.iterdir(), MOST_FILES))
    except (OSError, InputError):
        return
    title = title_of(place.dataset)
    holds = f"it holds {', '.join(there[:5])}{' and more' if len(there) > 5 else ''}" if there else "it is empty"
    what = f"there is no patient of {title} in {folder.absolute()}: {holds}"
    fix = f"unpack {title} there, or give another folder with --set {place.field}=PATH"
    yield experiment.document.problem(place.location, what, fix)
