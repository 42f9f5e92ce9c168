"""Logs that no attempt writes, such as gigabytes or one endless line, are named and skipped with little memory."""

from __future__ import annotations

import os
import threading
import tracemalloc
from pathlib import Path

import pytest

from gridctl.collection import run_objects
from gridctl.collection.collect import collect
from gridctl.experiment import Experiment
from gridctl_trainer.contract.errors import MetricLogError
from gridctl_trainer.contract.layout import AttemptName, RunLayout
from gridctl_trainer.contract.records.attempt_log import read_attempt
from gridctl_trainer.storage.base import Blob
from gridctl_trainer.storage.folder import FolderStore
from tests.unit.report.logged import dice_of, experiment, log_run


@pytest.fixture
def tiny(tmp_path: Path) -> Experiment:
    return experiment(tmp_path / "data")


@pytest.fixture
def store(tmp_path: Path, tiny: Experiment) -> FolderStore:
    store = FolderStore(tmp_path / "runs")
    for run in tiny.runs:
        log_run(store, run, dice_of(0.05))
    return store


def key_of(tiny: Experiment, number: int = 0) -> str:
    run = tiny.runs[number]
    return RunLayout(run.experiment, run.run_id).attempt(AttemptName(1, "abc"))


def assert_left_out(store: FolderStore, tiny: Experiment, said: str, memory_mb: int) -> None:
    tracemalloc.start()
    try:
        found = collect(store, tiny.runs)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert any(said in str(problem) and key_of(tiny) in str(problem) for problem in found.problems), found.problems
    assert set(found.epochs["run_id"]) == {run.run_id for run in tiny.runs[1:]}
    assert peak_bytes < memory_mb * 1e6


def test_a_log_of_two_gigabytes_is_named_and_not_read(store: FolderStore, tiny: Experiment, tmp_path: Path) -> None:
    os.truncate(tmp_path / "runs" / key_of(tiny), 2 * 10**9)
    assert_left_out(store, tiny, "2,000.0 MB", memory_mb=50)


@pytest.mark.parametrize("part", ["1.0,", "0"])
def test_a_line_of_100_mb_is_named_and_not_parsed(store: FolderStore, tiny: Experiment, part: str) -> None:
    text = b'"per_batch":{"bce":[' + part.encode() * (10**8 // len(part)) + b"1.0]},"
    lines = store.get(key_of(tiny)).data.split(b"\n")
    lines[2] = lines[2].replace(b'"images":', text + b'"images":', 1)
    store.put(key_of(tiny), b"\n".join(lines))
    del lines, text
    assert_left_out(store, tiny, "abc.jsonl:3: the line has 100.", memory_mb=400)


def test_an_epoch_number_of_a_billion_is_named(store: FolderStore, tiny: Experiment) -> None:
    data = store.get(key_of(tiny)).data
    store.put(key_of(tiny), data.replace(b'"epoch":1,', b'"epoch":1000000000,', 1))
    assert_left_out(store, tiny, "epoch: Input should be less than or equal to 9999", memory_mb=50)


def test_millions_of_empty_lines_are_named() -> None:
    with pytest.raises(MetricLogError, match="5,000,000 lines"):
        read_attempt(b"\n" * 5_000_000, "log")


def test_large_logs_are_not_held_all_at_once(
    store: FolderStore, tiny: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, most, lock = 0, 0, threading.Lock()
    read, parse = FolderStore.get, run_objects._log_of

    def get(self: FolderStore, key: str, max_bytes: int | None = None) -> Blob:
        nonlocal held, most
        blob = read(self, key, max_bytes)
        with lock:
            held += key.endswith(".jsonl")
            most = max(most, held)
        return blob

    def parsed(*arguments: str) -> object:
        nonlocal held
        with lock:
            held -= 1
        return parse(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(FolderStore, "get", get)
    monkeypatch.setattr(run_objects, "_log_of", parsed)
    monkeypatch.setattr(run_objects, "_BATCH_BYTES", 1)
    found = collect(store, tiny.runs)
    assert set(found.epochs["run_id"]) == {run.run_id for run in tiny.runs}
    assert most <= 2 < len(tiny.runs)
