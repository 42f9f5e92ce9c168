"""`gridctl init`: a commented experiment file for the data that a user has."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from gridctl.errors import InputError, Problem
from gridctl.executors.registry import descriptor_of
from gridctl.experiment import Document, Experiment, parse_experiment
from gridctl.experiment.draft.data_choice import PHANTOM, choose_data
from gridctl.experiment.draft.data_folders import DataFolder
from gridctl.experiment.draft.proposal import LEAST_PATIENTS, MANY, Draft, Place, name_for
from gridctl.experiment.draft.text import draft_text
from gridctl.experiment.executor_names import DEFAULT_EXECUTOR
from gridctl.terminal import console
from gridctl_trainer.contract.location import read_location
from gridctl_trainer.plugins.dataset import title_of


@dataclass(frozen=True, slots=True)
class DraftedFile:
    """An experiment file, not yet on disk.

    Attributes:
        text: Its content.
        experiment: What it says.
        data: The data sets that it names.
        notes: What the user should know before it is submitted.
    """

    text: str
    experiment: Experiment
    data: tuple[DataFolder, ...]
    notes: tuple[str, ...]

    @property
    def is_phantom_to_be_made(self) -> bool:
        """Whether the file names the synthetic set, which is not there yet."""
        return any(data.location.startswith(PHANTOM) for data in self.data) and not Path(PHANTOM).is_dir()

    def said(self, path: Path) -> list[str]:
        """What was written, and which commands come next."""
        sets = ", ".join(
            f"{title_of(data.kind)}: {console.count(len(data.patients), 'patient')}"
            for data in self.data
            if data.patients
        )
        runs = console.count(len(self.experiment.runs), "run")
        file = shlex.quote(str(path))
        submit = f"gridctl submit {file}"
        here = descriptor_of(self.experiment.backend).on_this_machine
        if not here:
            steps = [f"edit what is marked <-- in {file}", f"gridctl doctor {file}", submit]
        else:
            steps = [submit, "gridctl status", "gridctl report --significance"]
            if self.is_phantom_to_be_made:
                steps.insert(0, f"gridctl-trainer data phantom {PHANTOM}")
        lines = [f"wrote {path}: {runs}{f' ({sets})' if sets else ''}", f"next: {', '.join(steps)}"]
        if here and any(len(data.patients) >= MANY for data in self.data):
            quick = f"{submit} --set training.epochs=1 --set 'train_ratios=[0.1]'"
            lines.append(f"training on this many patients takes long without a GPU; to try it out: {quick}")
        return lines


@dataclass(frozen=True, slots=True)
class InitOptions:
    """What the command line asks for.

    Attributes:
        folders: Where the data are; none for the synthetic set.
        name: Of the experiment; None to take the folder's.
        backend: Where runs execute.
        store: None for $GRIDCTL_STORE or the default.
    """

    folders: Sequence[str]
    name: str | None
    backend: str
    store: str | None


def compose(wanted: InitOptions, schema: str = "") -> DraftedFile:
    """Look at the data and write the text of an experiment for it.

    Args:
        wanted: What the user asked for.
        schema: Path of the JSON Schema from the file; empty to name none.

    Raises:
        InputError: A folder holds no data set, two of a kind, or too few patients; or a name is not valid.
        StoreError: A bucket cannot be reached.
    """
    here = descriptor_of(wanted.backend).on_this_machine
    found, notes = choose_data(wanted.folders, here=here)
    trained, *external = found
    patients = len(trained.patients) or None
    if patients is not None and patients < 2:
        raise InputError(
            f"{patients} patient cannot be split into training and validation",
            where=trained.location,
            fix="give a folder with at least four patients",
        )
    if patients is not None and patients < 2 * LEAST_PATIENTS:
        notes.append(f"{patients} patients: one half of each split is a single patient, whose score says little")
    options = [] if wanted.backend == DEFAULT_EXECUTOR else ["--backend", wanted.backend]
    draft = Draft(
        command=shlex.join(["gridctl", "init", *wanted.folders, *options]),
        name=wanted.name or _name(wanted.folders, here=here),
        train=_place(trained, here=here),
        external=[_place(data, here=here) for data in external],
        backend=wanted.backend,
        is_study=not here,
        store=_store(wanted, here=here),
        test=_test_place(trained, here=here),
    )
    if not here and not (draft.store or "s3://").startswith("s3://"):
        raise InputError("pods reach no folder of this machine", where="--store", fix="give s3://bucket/prefix")
    text = draft_text(draft, schema)
    return DraftedFile(text, _parsed(text), tuple(found), tuple(notes))


def _parsed(text: str) -> Experiment:
    """The experiment of a generated text: a mistake in it comes from an option.

    Raises:
        InputError: A name is not valid.
    """
    try:
        return parse_experiment(Document.parse(text, "the new file"))
    except InputError as error:
        raise InputError(Problem(p.what, fix=p.fix or "give --name") for p in error.problems) from None


def _name(folders: Sequence[str], *, here: bool) -> str:
    if not folders:
        return "phantom" if here else "acdc"
    location = read_location(folders[0])
    if location.is_remote:
        return name_for([location.bucket, *PurePosixPath(location.path).parts])
    return name_for(Path(os.path.abspath(location.folder)).parts[1:])


def _place(data: DataFolder, *, here: bool) -> Place:
    """The path of a data set where it is trained on: pods have a volume where this machine has a folder."""
    location = data.location
    if not here and not location.startswith("s3://"):
        location = f"/data/{data.kind}"
    return Place(data.kind, location, len(data.patients) or None)


def _test_place(data: DataFolder, *, here: bool) -> Place | None:
    """The test set that lies with a data set, which is never trained on."""
    if not data.test_folder:
        return None
    location = f"{_place(data, here=here).location.rstrip('/')}/{data.test_folder}"
    return Place(data.kind, location, len(data.test_patients) or None)


def _store(wanted: InitOptions, *, here: bool) -> str | None:
    given = wanted.store or os.environ.get("GRIDCTL_STORE")
    if wanted.store is None and given and (here or given.startswith("s3://")):
        return None
    default = "runs" if here else "s3://bucket/prefix"
    return wanted.store or default
