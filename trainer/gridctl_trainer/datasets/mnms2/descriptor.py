"""Registers M&Ms-2."""

from __future__ import annotations

from typing import Final

from gridctl_trainer.datasets.mnms2.folder import EXPECTED, LABELS, labelled_patients
from gridctl_trainer.plugins.dataset import DatasetDescriptor, FolderNames

MNMS2: Final = DatasetDescriptor(
    summary="short-axis MRI of three vendors and eight diagnoses, both ends of the cycle labelled",
    title="M&Ms-2",
    structures=("left_ventricle", "myocardium", "right_ventricle", "epicardium"),
    build="gridctl_trainer.datasets.mnms2.dataset:Mnms2",
    folder=FolderNames(sign=LABELS, find=labelled_patients, expected=EXPECTED, below=("", "mnms2", "MnM2")),
    labels={1: "left_ventricle", 2: "myocardium", 3: "right_ventricle"},
)
