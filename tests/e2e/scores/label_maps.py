"""Writes label maps of hearts as NIfTI files: a ventricle within its muscle beside another ventricle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from numpy.typing import NDArray

MM = (1.5, 1.25, 8.0)
"""Spacing along x, y and z."""
LABELS = "1=right_ventricle,2=myocardium,3=left_ventricle"
NNUNET = {"background": 0, "RV": 1, "MYO": 2, "LV": 3}


def heart(radius: float = 8, shift: int = 0) -> NDArray[np.uint8]:
    """Draw a label map (x, y, z): 3 is the left ventricle, 2 its muscle, 1 the right ventricle."""
    x, y, z = np.indices((48, 40, 6))
    from_centre = np.hypot(x - 20 - shift, y - 20)
    labels = np.zeros(x.shape, dtype=np.uint8)
    labels[(np.abs(x - 36) < 5) & (np.abs(y - 20) < 6) & (z > 0)] = 1
    labels[(from_centre < radius + 3) & (z > 0)] = 2
    labels[(from_centre < radius) & (z > 0)] = 3
    return labels


def write(path: Path, labels: NDArray[Any], mm: tuple[float, float, float] = MM) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = nibabel.Nifti1Image(labels, np.diag([*mm, 1.0]))  # type: ignore[no-untyped-call]
    nibabel.save(image, path)  # type: ignore[no-untyped-call]
    return path


def write_both(folder: Path, *, patients: int = 3, shift: int = 0) -> None:
    """Write the truth with ACDC's names, and predictions as nnU-Net writes them, beside its dataset.json."""
    for number in range(1, patients + 1):
        for time, radius in (("ED", 8 + number), ("ES", 5)):
            write(folder / "truth" / f"p{number:02d}_{time}_gt.nii.gz", heart(radius))
            write(folder / "predicted" / f"p{number:02d}_{time}.nii.gz", heart(radius, shift))
    write_sidecar(folder / "predicted")


def write_sidecar(folder: Path, labels: Mapping[str, Any] = NNUNET) -> None:
    (folder / "dataset.json").write_text(json.dumps({"labels": labels, "file_ending": ".nii.gz"}))
