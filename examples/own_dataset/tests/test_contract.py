"""The data set keeps the promises of every data set. Its folder is made up here; yours may hold real patients."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gridctl_trainer.testing.datasets import DatasetContract


def write_hearts(folder: Path, patients: int = 4) -> Path:
    """Write bright discs in dark rings, whose size differs between patients."""
    folder.mkdir(parents=True)
    rows, columns = np.mgrid[:48, :40]
    for number in range(patients):
        random = np.random.default_rng(number)
        labels = np.zeros((3, 48, 40), np.uint8)
        for index in range(3):
            distance = np.hypot(rows - 24 - index, columns - 20)
            labels[index][distance < 12 + number] = 2
            labels[index][distance < 7 + number] = 1
        images = np.array([100.0, 400.0, 40.0])[labels] + random.normal(0, 10, labels.shape)
        np.savez(folder / f"p{number}.npz", images=images, labels=labels, spacing_mm=[1.5, 1.5, 8.0])
    return folder


class TestNpzHearts(DatasetContract):
    """The data set is named by its path, so it need not be installed."""

    dataset = "own_dataset.hearts:NpzHearts"

    @pytest.fixture(scope="class")
    def root(self, tmp_path_factory: pytest.TempPathFactory) -> Path:
        return write_hearts(tmp_path_factory.mktemp("hearts") / "data")
