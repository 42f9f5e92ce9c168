"""Finds a test set that lies next to the training patients but that the experiment does not name, to tell the user."""

from __future__ import annotations

from pathlib import Path

from gridctl_trainer.contract.errors import Fault
from gridctl_trainer.contract.spec import DataSpec
from gridctl_trainer.contract.wording import count
from gridctl_trainer.datasets.registry import find_sources, find_test_root
from gridctl_trainer.datasets.transfer.fetching import folder_of, is_remote
from gridctl_trainer.plugins.dataset import title_of
from gridctl_trainer.preprocessing.loading import holds_packs


def unused_test_set(data: DataSpec) -> str:
    """A sentence saying that the publishers' test set is present but not used; empty if it is used or absent.

    Args:
        data: The data of a run whose training set has already been read here.
    """
    given = data.train
    if data.test is not None or (data.split is not None and any(part.test for part in data.split.parts)):
        return ""
    remote = is_remote(given.path)
    root = folder_of(given.path)
    try:
        if holds_packs(root) or (test := find_test_root(given.dataset, root, given.options)) is None:
            return ""
        patients = len({source.patient for source in find_sources(given.dataset, test, given.options)})
    except Fault:
        return ""  # if it cannot be read, only users who name it need to know
    place = f"{given.path.rstrip('/')}/{_below(test, root)}" if remote else str(test)
    return (
        f"the test set of {title_of(given.dataset)}, {count(patients, 'patient')} in {place}, is not scored: name it "
        f"as data.test: {{dataset: {given.dataset}, path: {place}}} to score it once, after the last epoch"
    )


def _below(test: Path, root: Path) -> str:
    return test.relative_to(root).as_posix() if test.is_relative_to(root) else test.name
