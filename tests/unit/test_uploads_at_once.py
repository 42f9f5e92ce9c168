"""No more objects are written to a store at a time than `uploads_at_once` allows."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from gridctl.commands.submission.specification_upload import SpecificationUpload
from gridctl.commands.submission.submit import prepare
from gridctl.runs.cancellation import note_cancelled
from gridctl_trainer.contract.layout import RunLayout
from gridctl_trainer.storage.folder import FolderStore
from tests.unit.report.logged import experiment


class CountingStore(FolderStore):
    """Counts the writes that are under way."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.most = 0
        self._now = 0
        self._lock = threading.Lock()

    def put(self, key: str, data: bytes) -> str:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        time.sleep(0.02)  # long enough for others to begin
        try:
            return super().put(key, data)
        finally:
            with self._lock:
                self._now -= 1


@pytest.mark.parametrize("at_once", [1, 3])
def test_uploads_are_bounded(tmp_path: Path, at_once: int) -> None:
    lines = f"store: {tmp_path / 'runs'}\nuploads_at_once: {at_once}"
    made = experiment(tmp_path / "data", lines)
    store = CountingStore(tmp_path / "runs")
    with SpecificationUpload(prepare(made, store, retry_failed=False)) as upload:
        upload.begin()
        upload.finish()
    assert store.most == at_once
    store.most = 0
    assert not note_cancelled(store, made.name, [run.run_id for run in made.runs], made.uploads_at_once)
    assert store.most == at_once
    for run in made.runs:
        layout = RunLayout(run.experiment, run.run_id)
        assert store.exists(layout.spec)
        assert store.exists(layout.cancelled)
