"""`gridctl export` writes every epoch for other tools."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from gridctl.collection.collect import collect
from gridctl.collection.columns import EPOCH_COLUMNS, FUNCTION_COLUMNS, RUN_COLUMNS
from gridctl.commands.export import export_table
from gridctl.commands.lookup.experiments import Found
from gridctl.errors import InputError
from gridctl_trainer.storage.folder import FolderStore
from tests.scored import SUNNYBROOK_BCE, SUNNYBROOK_DICE, VALIDATION_BCE, VALIDATION_DICE
from tests.unit.report.logged import EPOCHS, dice_of, experiment, log_run

SCORES = (VALIDATION_DICE, SUNNYBROOK_DICE, VALIDATION_BCE, SUNNYBROOK_BCE)


@pytest.fixture
def found(tmp_path: Path) -> Found:
    store = FolderStore(tmp_path / "store")
    tiny = experiment(tmp_path / "data")
    for run in tiny.runs[:3]:
        log_run(store, run, dice_of(0.01))
    return Found(tiny, store, "local", None)


def test_parquet_has_every_epoch_with_its_types(found: Found, tmp_path: Path) -> None:
    assert export_table(found, "epochs", tmp_path / "e.parquet") == (3 * EPOCHS, [])
    read = pd.read_parquet(tmp_path / "e.parquet")
    assert list(read.columns) == ["experiment", *EPOCH_COLUMNS, *SCORES]
    pd.testing.assert_frame_equal(read.drop(columns="experiment"), collect(found.store, found.experiment.runs).epochs)


def test_runs_are_exported_whether_finished_or_not(found: Found, tmp_path: Path) -> None:
    assert export_table(found, "runs", tmp_path / "r.csv") == (20, [])
    read = pd.read_csv(tmp_path / "r.csv")
    assert list(read.columns) == ["experiment", *RUN_COLUMNS, *SCORES, "state", "reason"]
    assert read["state"].value_counts().to_dict() == {"done": 3, "not_started": 17}
    assert read["finished"].sum() == 3


def test_another_ending_is_refused_before_anything_is_written(found: Found, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot tell the format"):
        export_table(found, "epochs", tmp_path / "e.xlsx")
    assert not (tmp_path / "e.xlsx").exists()


def test_patients_are_exported_too(found: Found, tmp_path: Path) -> None:
    export_table(found, "function", tmp_path / "f.parquet")
    assert list(pd.read_parquet(tmp_path / "f.parquet").columns) == ["experiment", *FUNCTION_COLUMNS]
