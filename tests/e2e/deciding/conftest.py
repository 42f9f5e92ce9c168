"""Fixtures for `gridctl decide` on stores as trainers leave them, and with runs that it trains itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gridctl.experiment import Experiment, parse_experiment
from gridctl_trainer.contract.layout import RunLayout, experiment_yaml
from gridctl_trainer.storage.folder import FolderStore
from tests.e2e.short_commands import *  # noqa: F403
from tests.unit.report.logged import Dice, experiment, log_run

Plant = Callable[..., Experiment]


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


@pytest.fixture
def plant(store: FolderStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plant:
    """Puts the runs of some seeds into the store, and the experiment file into the folder."""
    (tmp_path / "data" / "patient001").mkdir(parents=True)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def put(dice: Dice, *overrides: str, seeds: int, other: int = 0, **attempt: Any) -> Experiment:
        tiny = parse_experiment(experiment(tmp_path / "data").document.with_overrides(list(overrides)))
        (tmp_path / "tiny.yaml").write_text(tiny.document.to_yaml())
        store.put(experiment_yaml(tiny.name), tiny.document.to_yaml().encode())
        for run in tiny.runs:
            if run.seed in tiny.seeds[:seeds]:
                store.put(RunLayout(run.experiment, run.run_id).spec, run.to_json())
                digest = "other" if run.seed == other and run.model == "unet" else "d"
                log_run(store, run, dice, data_digest=digest, **attempt)
        return tiny

    return put
