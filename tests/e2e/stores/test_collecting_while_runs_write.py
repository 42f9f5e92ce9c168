"""Collecting while fifty runs write shows every epoch that was written before, and never part of one."""

from __future__ import annotations

import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from gridctl.collection.collect import collect
from gridctl_trainer.contract.layout import experiment_prefix
from gridctl_trainer.storage.base import open_store
from tests import s3_server
from tests.e2e.stores.writing_runs import grid

PROCESSES, RUNS_EACH, EPOCHS = 5, 10, 40


@pytest.mark.parametrize("kind", ["folder", "s3"])
def test_no_line_is_torn_and_no_epoch_is_lost(
    kind: str, tmp_path: Path, project_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind == "s3" and not s3_server.is_there():
        pytest.skip(s3_server.HOW_TO_GET_ONE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    url = str(tmp_path / "runs") if kind == "folder" else f"s3://{s3_server.BUCKET}/e2e/{uuid.uuid4().hex}"
    store, runs = open_store(url), grid(tmp_path / "data").runs[: PROCESSES * RUNS_EACH]
    acknowledged = tmp_path / "acknowledged"
    acknowledged.mkdir()
    writers = [
        subprocess.Popen(
            [
                sys.executable, "-m", "tests.e2e.stores.writing_runs", url, str(tmp_path / "data"),
                str(number * RUNS_EACH), str((number + 1) * RUNS_EACH), str(acknowledged), str(EPOCHS),
            ],
            cwd=project_root,
        )
        for number in range(PROCESSES)
    ]  # fmt: skip
    while_writing = 0
    seen = dict.fromkeys((run.run_id for run in runs), 0)
    try:
        while any(writer.poll() is None for writer in writers):
            before = {path.name: int(path.read_text() or 0) for path in acknowledged.iterdir()}
            found = collect(store, runs)
            assert not found.problems
            for run_id, epochs in found.epochs.groupby("run_id")["epoch"]:
                assert list(epochs) == list(range(1, len(epochs) + 1))
                assert len(epochs) >= max(seen[str(run_id)], before.get(str(run_id), 0))
                while_writing += seen[str(run_id)] < len(epochs) < EPOCHS
                seen[str(run_id)] = len(epochs)
            assert seen.keys() >= before.keys()
            time.sleep(0.02)
        assert [writer.wait() for writer in writers] == [0] * PROCESSES
        assert while_writing > len(runs), "else nothing was written meanwhile"
        assert list(collect(store, runs).epochs.groupby("run_id").size()) == [EPOCHS] * len(runs)
    finally:
        for writer in writers:
            writer.kill()
            writer.wait()
        if kind == "s3":
            for stat in list(store.list(experiment_prefix(runs[0].experiment))):
                store.delete(stat.key)
