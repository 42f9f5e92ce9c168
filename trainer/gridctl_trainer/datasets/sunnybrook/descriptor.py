"""Registers Sunnybrook."""

from __future__ import annotations

from typing import Final

from gridctl_trainer.datasets.sunnybrook.folder import EXPECTED, SIGN, labelled_patients
from gridctl_trainer.plugins.dataset import DatasetDescriptor, FolderNames

SUNNYBROOK: Final = DatasetDescriptor(
    summary="short-axis cine MRI of the 2009 challenge, contours of the left ventricle",
    title="Sunnybrook",
    structures=("left_ventricle", "epicardium", "myocardium", "papillary"),
    build="gridctl_trainer.datasets.sunnybrook.dataset:Sunnybrook",
    folder=FolderNames(sign=SIGN, find=labelled_patients, expected=EXPECTED, below=("sunnybrook", "")),
    trains=False,  # slices without a contour are missing, and few structures are outlined
    reader="3",  # since version 3, MONOCHROME1 is inverted and the damage of a wrong outer contour is reported
    libraries=("imagecodecs",),
)
