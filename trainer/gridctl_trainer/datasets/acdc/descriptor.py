"""Registers ACDC."""

from __future__ import annotations

from typing import Final

from gridctl_trainer.datasets.acdc.folder import EXPECTED, PATIENT, labelled_patients, test_patients
from gridctl_trainer.plugins.dataset import DatasetDescriptor, FolderNames

ACDC: Final = DatasetDescriptor(
    summary="short-axis cine MRI of 100 patients in five groups, both ends of the cycle labelled",
    title="ACDC",
    structures=("right_ventricle", "myocardium", "left_ventricle", "epicardium"),
    build="gridctl_trainer.datasets.acdc.dataset:Acdc",
    folder=FolderNames(sign=PATIENT, find=labelled_patients, expected=EXPECTED, below=("", "acdc"), test=test_patients),
    labels={1: "right_ventricle", 2: "myocardium", 3: "left_ventricle"},
    reader="2",  # since version 2, swapped labels, blank images and specks are reported
)
