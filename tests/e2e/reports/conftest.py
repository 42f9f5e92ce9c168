"""Fixtures for report commands on stores as trainers leave them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gridctl.experiment import Experiment, parse_experiment
from gridctl_trainer.contract.layout import RunLayout, experiment_yaml
from gridctl_trainer.storage.folder import FolderStore
from tests.e2e.short_commands import *  # noqa: F403
from tests.unit.report.logged import dice_of, experiment, log_run

Submit = Callable[..., Experiment]


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


@pytest.fixture
def submit(store: FolderStore, tmp_path: Path) -> Submit:
    """Puts an experiment into the store with all or some of its runs; arguments are as for `--set`."""

    def put(*overrides: str, finished: int | None = None) -> Experiment:
        tiny = parse_experiment(experiment(tmp_path / "data").document.with_overrides(list(overrides)))
        store.put(experiment_yaml(tiny.name), tiny.document.to_yaml().encode())
        for run in tiny.runs[:finished]:
            store.put(RunLayout(run.experiment, run.run_id).spec, run.to_json())
            log_run(store, run, dice_of(0.03))
        return tiny

    return put
