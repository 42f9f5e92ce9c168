"""Registers M&Ms."""

from __future__ import annotations

from typing import Final

from gridctl_trainer.datasets.mnms.folder import EXPECTED, LABELS, labelled_patients, test_patients
from gridctl_trainer.plugins.dataset import DatasetDescriptor, FolderNames

MNMS: Final = DatasetDescriptor(
    summary="short-axis cine MRI of four vendors and several centres, both ends of the cycle labelled",
    title="M&Ms",
    structures=("left_ventricle", "myocardium", "right_ventricle", "epicardium"),
    build="gridctl_trainer.datasets.mnms.dataset:Mnms",
    folder=FolderNames(
        sign=LABELS, find=labelled_patients, expected=EXPECTED, below=("", "mnms", "OpenDataset"), test=test_patients
    ),
    labels={1: "left_ventricle", 2: "myocardium", 3: "right_ventricle"},
)
