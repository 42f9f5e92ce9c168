"""Which experiment a command is about: a file, a name, or the last one submitted from here."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from gridctl.collection.specifications import StoredSpecifications
from gridctl.errors import InputError
from gridctl.experiment import Document, Experiment, load_experiment
from gridctl.experiment.models.trained_networks import TrainedNetworks
from gridctl.experiment.released.reading import is_version_1, parse_stored
from gridctl.experiment.yaml_text.bounded_yaml import MAX_BYTES
from gridctl.submissions.being_checked import PendingCheck, being_checked
from gridctl.submissions.submitted_experiments import Submission, Submissions
from gridctl.terminal import console
from gridctl_trainer.contract import layout
from gridctl_trainer.contract.errors import DamagedObjectError, NotAnObjectError, NotFoundError
from gridctl_trainer.contract.location import read_location
from gridctl_trainer.contract.spec import NetworkSpec, RunSpec
from gridctl_trainer.storage.base import Store, folders_of, open_store

_SHOWN = 6
_SUBMIT_AGAIN = "name its file instead of the experiment; `gridctl submit FILE` stores it again"


class GoneExperimentError(InputError):
    """The store holds no experiment of this name: it was deleted, or never submitted there."""

    def __init__(self, name: str, store_url: str) -> None:
        super().__init__(
            f"there is no experiment '{name}' in the store", where=store_url, fix="gridctl submit EXPERIMENT.yaml"
        )
        self.name = name
        self.store_url = store_url


class DamagedExperimentError(InputError):
    """The experiment file in the store is damaged."""


@dataclass(frozen=True, slots=True)
class Found:
    """An experiment as it was submitted.

    Attributes:
        experiment: Its grid, read from the store.
        store: Where its runs keep everything.
        backend: Where they execute.
        submitted_at: Seconds since the epoch; None if it was not submitted from this folder.
    """

    experiment: Experiment
    store: Store
    backend: str
    submitted_at: float | None


class CheckedExperimentError(InputError):
    """The experiment is still being checked by the submission that will start it."""

    def __init__(self, check: PendingCheck) -> None:
        super().__init__(str(check), fix="ask again once its first run has begun")


def find_experiment(given: str | None, store_url: str | None = None) -> Found:
    """Find an experiment.

    Args:
        given: Path of an experiment file, name of an experiment, or None for the last one
            submitted from this folder, or the only one of the store that is given.
        store_url: Its store; by default the one it was submitted to.

    Raises:
        InputError: There is no such experiment, or it was not submitted.
        CheckedExperimentError: It was, and is still being checked before its first run.
        StoreError: Its store cannot be reached.
    """
    if store_url is not None:
        read_location(store_url, "--store")
    name, url = given, store_url
    written = None
    if given is not None and (given.endswith((".yaml", ".yml")) or Path(given).is_file()):
        written = _written(Path(given))
        name = written.name
    try:
        return _submitted(given, name, url, written)
    except InputError:
        if check := being_checked(name, open_store(url).url if url is not None else None):
            raise CheckedExperimentError(check) from None
        raise


def _written(path: Path) -> Experiment:
    """The experiment of a file; one submitted by an earlier version is found in the store by its name."""
    document = Document.read(path)
    return parse_stored(document) if is_version_1(document) else load_experiment(path)


def _submitted(given: str | None, name: str | None, url: str | None, written: Experiment | None) -> Found:
    submission = None
    if url is not None and name is None:
        name = _experiment_in(open_store(url))
    if name is None:
        return _last_submitted()
    if url is None:
        submissions = Submissions.read()
        if name not in submissions.experiments and given is not None and given != name:
            raise _not_from_here(given, name)
        submission = submissions.find(name)
        name, url = submission.name, submission.store
    return _found(submission, open_store(url), name, written)


def _not_from_here(file: str, name: str) -> InputError:
    """That it was submitted from another folder: submitting it here would train all of it again."""
    fix = f"{shlex.join(['gridctl', 'submit', file])} (or give --store)"
    parent = Path(file).parent
    with contextlib.suppress(InputError):
        if parent != Path() and (known := Submissions.read(parent).experiments.get(name)):
            fix = f"it was from {parent}: cd {shlex.quote(str(parent))}, or give --store {shlex.quote(known.store)}"
    return InputError(f"{file} was not submitted from this folder", fix=fix)


def _last_submitted() -> Found:
    """The experiment last submitted from this folder that its store still has.

    Raises:
        InputError: There is none.
        StoreError: Its store cannot be reached.
    """
    submissions = Submissions.read()
    submissions.find(None)
    check = being_checked(None, None)
    if check is not None and check.experiment not in submissions.experiments:
        console.say(f"note: {check}")
    for submission in submissions.newest_first():
        with contextlib.suppress(GoneExperimentError):
            return _found(submission, open_store(submission.store), submission.name, None)
        console.say(f"{submission.name} is no longer in {submission.store}")
    raise InputError("no experiment submitted from this folder is left", fix="gridctl submit EXPERIMENT.yaml")


def _found(submission: Submission | None, store: Store, name: str, written: Experiment | None) -> Found:
    experiment = _stored_or_written(store, name, written)
    return Found(
        experiment,
        store,
        submission.backend if submission else experiment.backend,
        submission.submitted_at if submission else None,
    )


def _experiment_in(store: Store) -> str:
    """The experiment that is meant where a store is given and no name: the last one of this folder, or the only one.

    Raises:
        InputError: There is none, or there are several.
        StoreError: The store cannot be reached.
    """
    last = Submissions.read().last
    if last is not None and store.exists(layout.experiment_yaml(last)):
        return last
    found = [name for name in sorted(folders_of(store)) if store.exists(layout.experiment_yaml(name))]
    if not found:
        raise InputError("there is no experiment in the store", where=store.url, fix="gridctl submit EXPERIMENT.yaml")
    if len(found) > 1:
        named = ", ".join(found[:_SHOWN]) + (", ..." if len(found) > _SHOWN else "")
        raise InputError(f"there are {len(found)} experiments in the store", where=store.url, fix=f"name one: {named}")
    return found[0]


def _stored_or_written(store: Store, name: str, written: Experiment | None) -> Experiment:
    """The experiment as submitted; if the stored file is damaged, the file that the user named."""
    try:
        return stored_experiment(store, name)
    except DamagedExperimentError as error:
        if written is None:
            raise
        console.say(f"{error.problems[0]}\nthe file is used instead")
        return written


def _trained(store: Store, name: str) -> TrainedNetworks:
    """The specifications that runs were trained with, read from the store on first use."""

    @cache
    def networks() -> Sequence[RunSpec]:
        runs = (layout.run_of(stat.key) for stat in store.list(layout.experiment_prefix(name)))
        return StoredSpecifications(store, name).read([run.run_id for run in runs if run])

    def of(model: str, architecture: str) -> Sequence[NetworkSpec]:
        found = (run.network for run in networks() if run.model == model)
        return [network for network in found if network.architecture == architecture]

    return of


def stored_experiment(store: Store, name: str) -> Experiment:
    """An experiment as it was submitted to a store.

    Raises:
        InputError: It was not.
        DamagedExperimentError: What lies there is not valid.
        StoreError: The store cannot be reached.
    """
    key = layout.experiment_yaml(name)
    where = f"{store.url}/{key}"
    try:
        data = store.get(key, MAX_BYTES).data
    except NotFoundError:
        raise GoneExperimentError(name, store.url) from None
    except (NotAnObjectError, DamagedObjectError) as error:
        raise DamagedExperimentError(error.problems[0].what, where=where, fix=_SUBMIT_AGAIN) from None
    try:
        return parse_stored(Document.parse(data, where), _trained(store, name))
    except InputError as error:
        more = len(error.problems) - 1
        what = error.problems[0].what + (f", and {more} more mistakes" if more else "")
        raise DamagedExperimentError(what, where=error.problems[0].where or where, fix=_SUBMIT_AGAIN) from None
