"""Models of series read the right frames of a scan, and copies of training patients count as trained on."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from gridctl_trainer.contract.layout import AttemptName, RunLayout
from gridctl_trainer.contract.records.metric_log import AttemptRecord, DataRecord, SetData, write_line
from gridctl_trainer.storage.folder import FolderStore
from gridctl_trainer.training.prediction.members import training_patients
from gridctl_trainer.training.prediction.recording import Recording


def recording(frames: int, diastole: int = 1, *, closed: bool = False) -> Recording:
    scan: Any = SimpleNamespace()
    images = np.arange(frames, dtype=np.float32).reshape(frames, 1, 1, 1, 1)
    return Recording(scan, images, tuple(range(1, frames + 1)), diastole, closed)


@pytest.mark.parametrize(
    ("found", "frame", "length", "numbers", "padded"),
    [
        (recording(10), 1, 3, [3, 2, 1], 0),
        (recording(10), 5, 3, [3, 4, 5], 0),
        (recording(10), 2, 4, [1, 1, 1, 2], 2),
        (recording(10, 4), 4, 3, [6, 5, 4], 0),
        (recording(10, 4), 1, 3, [1, 1, 1], 2),
        (recording(10, 10), 10, 3, [10, 10, 10], 2),
        (recording(10, 10, closed=True), 10, 3, [2, 1, 10], 0),
        (recording(10, closed=True), 2, 4, [9, 10, 1, 2], 0),
        (recording(2, closed=True), 2, 4, [1, 1, 1, 2], 2),
    ],
    ids=["to ED", "to ES", "padded", "late ED", "before ED", "ED at the end", "whole cycle", "across", "short cycle"],
)
def test_time_runs_backward_to_end_diastole_and_forward_to_every_other_frame(
    found: Recording, frame: int, length: int, numbers: list[int], padded: int
) -> None:
    assert found.numbers(frame, length) == (numbers, padded)
    assert found.series(frame, length).ravel().tolist() == [number - 1 for number in numbers]


def test_whose_images_are_those_of_a_training_patient_counts_as_trained_on(tmp_path: Path) -> None:
    store, layout = FolderStore(tmp_path), RunLayout("hearts", "hearts-unet-r50-none-s1-00000000")
    now = datetime(2026, 11, 27, tzinfo=UTC)
    lines = (
        AttemptRecord(run_id="hearts", attempt=1, uid="a", started_at=now, device="cpu", threads=1),
        DataRecord(
            data_digest="",
            split_digest="",
            sets={
                "train": SetData(patients=("patient001", "patient074"), images=2),
                "validation": SetData(patients=("patient002", "patient055"), images=2),
            },
            train_steps=1,
            left_out={
                "train": {
                    "patient076": "its images are those of patient074",
                    "patient056": "its images are those of patient055",
                }
            },
        ),
    )
    store.put(layout.attempt(AttemptName(1, "a")), "".join(map(write_line, lines)).encode())
    assert training_patients(store, layout) == {"patient001", "patient074", "patient076"}
