"""A submitted experiment, however a notebook names it."""

from __future__ import annotations

from pathlib import Path

from gridctl.commands.lookup.experiments import Found, find_experiment
from gridctl.experiment import Experiment


def find_any(experiment: Experiment | Found | str | Path | None, store: str | None) -> Found:
    """Find an experiment by object, name or file; None is the one last submitted from the current folder.

    Raises:
        InputError: There is no such experiment, or it was not submitted.
        StoreError: Its store cannot be reached.
    """
    if isinstance(experiment, Found):
        return experiment
    if isinstance(experiment, Experiment):
        return find_experiment(experiment.name, store or experiment.store)
    return find_experiment(None if experiment is None else str(experiment), store)
