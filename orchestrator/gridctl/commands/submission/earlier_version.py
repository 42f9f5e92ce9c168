"""Experiments that an earlier version of gridctl trained: their runs keep their names, and are not trained again."""

from __future__ import annotations

from collections.abc import Sequence

from gridctl.collection.specifications import StoredSpecifications
from gridctl.errors import InputError
from gridctl.experiment import Document, Experiment
from gridctl.experiment.released.reading import is_version_1
from gridctl.experiment.yaml_text.bounded_yaml import MAX_BYTES
from gridctl.terminal.console import count
from gridctl_trainer.contract import layout
from gridctl_trainer.contract.errors import StoreError
from gridctl_trainer.contract.spec import SCHEMA_VERSION
from gridctl_trainer.storage.base import Store


def refuse_released_runs(experiment: Experiment, store: Store) -> None:
    """Refuse to retry runs that an earlier version named.

    Raises:
        InputError: The experiment has some.
    """
    if any(run.schema_version != SCHEMA_VERSION for run in experiment.runs):
        raise InputError(
            f"{experiment.name} was submitted by an earlier version of gridctl, whose runs can no longer be trained",
            where=f"{store.url}/{layout.experiment_yaml(experiment.name)}",
            fix=f"`gridctl report {experiment.name} --store {store.url}` reports what is finished; to train it again, "
            "submit its file under another name",
        )


def refuse_earlier_version(
    experiment: Experiment, store: Store, others: Sequence[str], stored: StoredSpecifications
) -> None:
    """Refuse to train an experiment a second time whose runs have names of an earlier version.

    Args:
        experiment: What is submitted.
        store: Where its runs are kept.
        others: Ids of finished runs of it that the store has beside those of the grid.
        stored: Their specifications.

    Raises:
        InputError: An earlier version submitted it; with how it is reported, and how it is trained again.
        StoreError: The store cannot be reached.
    """
    finished = [run for run in stored.read(others) if run.schema_version != SCHEMA_VERSION]
    if not finished and not _submitted_before(store, experiment):
        return
    such = f", such as {finished[0].run_id}" if finished else ""
    raise InputError(
        f"an earlier version of gridctl trained {experiment.name} under other names: {count(len(finished), 'run')} "
        f"finished{such}. This file would train all of them again, so nothing was started",
        where=f"{store.url}/{experiment.name}",
        fix=f"`gridctl report {experiment.name} --store {store.url}` reports them as they are; to train again, give "
        f"the experiment another name: --set name={experiment.name}-2",
    )


def _submitted_before(store: Store, experiment: Experiment) -> bool:
    """Whether the store's own file of the experiment is in the grammar of an earlier version."""
    key = layout.experiment_yaml(experiment.name)
    try:
        data = store.get(key, MAX_BYTES).data
        if data == experiment.document.to_yaml().encode():
            return False  # it is this very file
        return is_version_1(Document.parse(data, key))
    except InputError:
        return False  # it is damaged, and submitting replaces it
    except StoreError as error:
        if error.passing:
            raise
        return False
