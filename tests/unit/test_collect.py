"""The content of a store becomes two tidy tables, and damage is a problem but not the end."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from gridctl.collection.collect import collect
from gridctl.collection.columns import EPOCH_COLUMNS, RUN_COLUMNS
from gridctl.collection.read_cache import ReadCache
from gridctl_trainer.contract.layout import AttemptName, RunLayout
from gridctl_trainer.storage.base import Blob
from gridctl_trainer.storage.folder import FolderStore
from tests.scored import SUNNYBROOK_BCE, SUNNYBROOK_DICE, VALIDATION_BCE, VALIDATION_DICE
from tests.unit.report.logged import EPOCHS, dice_of, experiment, log_run

SCORES = (VALIDATION_DICE, SUNNYBROOK_DICE, VALIDATION_BCE, SUNNYBROOK_BCE)


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


def test_nothing_there_is_a_row_a_run_and_no_epoch(store: FolderStore, tmp_path: Path) -> None:
    runs = experiment(tmp_path).runs
    collected = collect(store, runs)
    assert list(collected.runs.columns) == [*RUN_COLUMNS, *SCORES]
    assert list(collected.epochs.columns) == [*EPOCH_COLUMNS, *SCORES]
    assert list(collected.runs["run_id"]) == [run.run_id for run in runs]
    assert not collected.runs["finished"].any()
    assert collected.epochs.empty
    assert collected.problems == []


def test_every_epoch_once_from_the_newest_attempt_that_has_it(store: FolderStore, tmp_path: Path) -> None:
    run = experiment(tmp_path).runs[0]
    log_run(store, run, lambda _run, _epoch: 0.3, epochs=3, finished=False)
    log_run(store, run, lambda _run, _epoch: 0.6, first_epoch=3, attempt=2)
    collected = collect(store, [run])
    assert list(collected.epochs["epoch"]) == [1, 2, 3, 4]
    assert list(collected.epochs[VALIDATION_DICE]) == [0.3, 0.3, 0.6, 0.6]
    assert list(collected.epochs["attempt"]) == [1, 1, 2, 2]
    row = collected.runs.iloc[0]
    assert row["finished"]
    assert row["resumed"]
    assert row["attempts"] == 2
    assert row["interruptions"] == 1, "the first one vanished"
    assert row["exit_code"] == 0
    assert row[VALIDATION_DICE] == 0.6, "that of the latest epoch"
    assert row["train_seconds"] == 2.0 * EPOCHS


def test_a_damaged_log_is_named_and_the_other_runs_are_there(store: FolderStore, tmp_path: Path) -> None:
    first, second = experiment(tmp_path).runs[:2]
    log_run(store, first, dice_of(0))
    log_run(store, second, dice_of(0))
    key = RunLayout(first.experiment, first.run_id).attempt(AttemptName(1, "abc"))
    store.put(key, b'{"kind": "attempt"}\n')
    collected = collect(store, [first, second])
    assert len(collected.problems) == 2, "the log, and a finished run without its epochs"
    assert collected.problems[0].where.endswith(f"{key}:1")
    assert list(collected.runs["finished"]) == [False, True]
    assert set(collected.epochs["run_id"]) == {second.run_id}


def test_a_finished_run_whose_log_lacks_epochs_is_not_called_finished(store: FolderStore, tmp_path: Path) -> None:
    run = experiment(tmp_path).runs[0]
    log_run(store, run, dice_of(0), epochs=3)
    collected = collect(store, [run])
    assert "lacks 1 of 4 epochs" in collected.problems[0].what
    assert not collected.runs.iloc[0]["finished"]


@pytest.mark.parametrize(
    ("name", "misplaced"),
    [
        ("001-abc.jsonl.bak", True),
        ("copy of 001-abc.jsonl", True),
        (".001-abc.jsonl.8Xz2kQ", False),
        (".001-abc.jsonl.sgwtmp.1795810403244638668", False),
    ],
)
def test_what_resembles_a_log_is_named_unless_it_is_a_copy_under_way(
    store: FolderStore, tmp_path: Path, name: str, misplaced: bool
) -> None:
    run = experiment(tmp_path).runs[0]
    log_run(store, run, dice_of(0))
    layout = RunLayout(run.experiment, run.run_id)
    store.put(layout.attempts + name, b'{"epoch": 1')
    collected = collect(store, [run])
    assert [problem.where.rpartition("/")[2] for problem in collected.problems] == [name] * misplaced
    assert len(collected.epochs) == EPOCHS


def test_runs_that_the_grid_no_longer_wants_are_named(store: FolderStore, tmp_path: Path) -> None:
    runs = experiment(tmp_path).runs
    log_run(store, runs[0], dice_of(0))
    log_run(store, runs[1], dice_of(0))
    collected = collect(store, runs[1:])
    assert list(collected.others) == [runs[0].run_id]
    assert runs[0].run_id not in set(collected.epochs["run_id"])


def test_a_cached_object_is_read_again_only_if_it_changed_or_its_copy_is_damaged(tmp_path: Path) -> None:
    cache = ReadCache(tmp_path, "s3://somewhere")
    reads = []

    def read(data: bytes, etag: str) -> Blob:
        reads.append(data)
        return Blob(data, etag)

    assert cache.get("k", "1", lambda: read(b"one\ntwo", "1")) == b"one\ntwo"
    assert cache.get("k", "1", lambda: read(b"never", "1")) == b"one\ntwo"
    assert cache.get("k", "2", lambda: read(b"new", "2")) == b"new"
    assert ReadCache(tmp_path, "s3://elsewhere").get("k", "2", lambda: read(b"other", "2")) == b"other"
    assert reads == [b"one\ntwo", b"new", b"other"]
    for path in tmp_path.rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes()[:-1])
    assert cache.get("k", "2", lambda: read(b"new", "2")) == b"new"
    assert len(reads) == 4


def test_tables_have_the_same_types_empty_or_full(store: FolderStore, tmp_path: Path) -> None:
    runs = experiment(tmp_path).runs[:1]
    empty = collect(store, runs)
    log_run(store, runs[0], dice_of(0))
    full = collect(store, runs)
    for before, after in ((empty.runs, full.runs), (empty.epochs, full.epochs)):
        pd.testing.assert_series_equal(before.dtypes, after.dtypes)


def test_who_waits_is_told_how_far_it_is(store: FolderStore, tmp_path: Path) -> None:
    runs = experiment(tmp_path).runs[:2]
    for run in runs:
        log_run(store, run, dice_of(0))
    told: list[tuple[int, int]] = []
    collect(store, runs, on_read=lambda done, total: told.append((done, total)))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)], "a log and a result of each"
