"""Writes small data sets in the layouts of M&Ms, M&Ms-2 and nnU-Net, from synthetic patients in ACDC's format."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from numpy.typing import NDArray

from gridctl_trainer.datasets.acdc.patients import find_patients, read_patient
from gridctl_trainer.datasets.slices import LabelledSlice

MNMS_LABELS = {"left_ventricle": 1, "myocardium": 2, "right_ventricle": 3}
CODES = ("A0S9V9", "B1D9Z7", "C2F4G5")


def hearts(phantom: Path) -> list[list[LabelledSlice]]:
    return [read_patient(folder) for folder in find_patients(phantom / "acdc")]


def volumes(
    slices: Sequence[LabelledSlice], phase: str, labels: Mapping[str, int]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Image and labels of one time point, each (S, H, W)."""
    chosen = [item for item in slices if item.phase == phase]
    images = np.stack([item.image for item in chosen]).astype(np.int16)
    found = np.zeros(images.shape, np.uint8)
    for name, number in labels.items():
        for index, item in enumerate(chosen):
            found[index][item.masks[name] > 0] = number
    return images, found


def save(path: Path, array: NDArray[Any], spacing_mm: Sequence[float]) -> None:
    """Write an array (S, H, W) or (T, S, H, W) as NIfTI, x first; the time step of a series is 0, as published."""
    rows, columns, slices = spacing_mm
    path.parent.mkdir(parents=True, exist_ok=True)
    image = nibabel.Nifti1Image(array.transpose(*reversed(range(array.ndim))), np.diag([columns, rows, slices, 1.0]))
    image.header.set_zooms((columns, rows, slices, 0.0)[: array.ndim])
    nibabel.save(image, path)


def write_mnms(root: Path, phantom: Path, frames: int = 5, part: str = "Training/Labeled") -> Path:
    """Write M&Ms: 4D files with labels on frames 1 and 3, and the table that says so."""
    lines = ["", "External code,VendorName,Vendor,Centre,ED,ES,Age,Pathology,Sex,Height,Weight"]
    for number, (code, slices) in enumerate(zip(CODES, hearts(phantom), strict=False)):
        ends = {phase: volumes(slices, phase, MNMS_LABELS) for phase in ("ED", "ES")}
        shape = (frames, *ends["ED"][0].shape)
        image, labels = np.empty(shape, np.int16), np.zeros(shape, np.uint8)
        for frame in range(frames):
            image[frame] = ends["ED" if frame < 2 else "ES"][0] + frame - (1 if frame < 2 else 3)
        for frame, phase in ((1, "ED"), (3, "ES")):
            labels[frame] = ends[phase][1]
        folder = root / part / code
        save(folder / f"{code}_sa.nii.gz", image, slices[0].spacing_mm)
        save(folder / f"{code}_sa_gt.nii.gz", labels, slices[0].spacing_mm)
        lines.append(f"{number},{code},Siemens,A,{number % 2 + 1},1,3,6{number},HCM,F,160,60")
    lines[1] = f",{lines[1]}"
    (root / "211230_M&Ms_Dataset_information_diagnosis_opendataset.csv").write_text("\n".join(lines[1:]) + "\n")
    return root


def write_mnms2(root: Path, phantom: Path) -> Path:
    """Write M&Ms-2: volumes of both ends of the cycle, long-axis files, and a table padded by a spreadsheet."""
    lines = ["SUBJECT_CODE,DISEASE,VENDOR,SCANNER,FIELD"]
    for number, slices in enumerate(hearts(phantom), 1):
        code = f"{number:03d}"
        for phase in ("ED", "ES"):
            image, labels = volumes(slices, phase, MNMS_LABELS)
            save(root / "dataset" / code / f"{code}_SA_{phase}.nii.gz", image, slices[0].spacing_mm)
            save(root / "dataset" / code / f"{code}_SA_{phase}_gt.nii.gz", labels.astype(float), slices[0].spacing_mm)
            save(root / "dataset" / code / f"{code}_LA_{phase}.nii.gz", image[:1], slices[0].spacing_mm)
        lines.append(f"{number},FALL,GE MEDICAL SYSTEMS,Signa,1.5")
    (root / "dataset_information.csv").write_text("\r\n".join([*lines, *[",,,,"] * 50]) + "\r\n")
    return root


NNUNET_LABELS = {"RV": 1, "MLV": 2, "LVC": 3}
"""Names and numbers of labels as in nnU-Net's own conversion of ACDC."""


def write_nnunet(root: Path, phantom: Path, *, version: int = 2, channels: int = 1) -> Path:
    """Write nnU-Net's raw layout, with cases such as `patient001_frame01`."""
    names = {"RV": "right_ventricle", "MLV": "myocardium", "LVC": "left_ventricle"}
    numbers = {names[name]: number for name, number in NNUNET_LABELS.items()}
    cases = []
    for slices in hearts(phantom):
        for phase, frame in (("ED", 1), ("ES", 9)):
            case = f"{slices[0].patient}_frame{frame:02d}"
            image, labels = volumes(slices, phase, numbers)
            for channel in range(channels):
                save(root / "imagesTr" / f"{case}_{channel:04d}.nii.gz", image + channel, slices[0].spacing_mm)
            save(root / "labelsTr" / f"{case}.nii.gz", labels, slices[0].spacing_mm)
            cases.append(case)
    files = {"channel_names": {str(number): "cine" for number in range(channels)}, "file_ending": ".nii.gz"}
    described: dict[str, Any] = {**files, "labels": {"background": 0, **NNUNET_LABELS}, "numTraining": len(cases)}
    if version == 1:
        described = {
            "modality": {str(number): "MRI" for number in range(channels)},
            "labels": {"0": "background", **{str(number): name for name, number in NNUNET_LABELS.items()}},
            "training": [
                {"image": f"./imagesTr/{case}.nii.gz", "label": f"./labelsTr/{case}.nii.gz"} for case in cases
            ],
        }
    (root / "dataset.json").write_text(json.dumps(described))
    return root
