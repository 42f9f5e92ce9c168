"""The descriptor with which the data set is registered."""

from __future__ import annotations

from gridctl_trainer.plugins.dataset import DatasetDescriptor

NPZ_HEARTS = DatasetDescriptor(
    summary="volumes of hearts in NumPy files",
    title="hearts in NumPy files",
    structures=("left_ventricle", "myocardium"),
    build="own_dataset.hearts:make",
    version="1",
)
