"""Makes masks of the external patients as another network might: the truth, but slightly smaller."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np

from gridctl_trainer.datasets.registry import find_sources


def write_masks(folder: Path, root: Path) -> None:
    """Write one NIfTI file per patient and time point of Sunnybrook, with label 1 for the left ventricle.

    Args:
        folder: Folder for the files.
        root: Folder of the data set.
    """
    folder.mkdir()
    for source in find_sources("sunnybrook", root):
        slices = source.read(1, lambda _: None)
        rows_mm, columns_mm, deep_mm = slices[0].spacing_mm
        for time in dict.fromkeys(item.phase for item in slices):
            own = [item for item in slices if item.phase == time]
            numbers = np.zeros((max(item.index for item in own) + 1, *own[0].image.shape), np.uint8)
            for item in own:
                numbers[item.index] = item.masks["left_ventricle"]
                numbers[item.index, : numbers.shape[1] // 2 - len(source.patient) % 3] = 0
            image = nibabel.Nifti1Image(  # type: ignore[no-untyped-call]
                numbers.transpose(2, 1, 0), np.diag([columns_mm, rows_mm, deep_mm, 1.0])
            )
            nibabel.save(image, folder / f"{source.patient}_{time}.nii.gz")  # type: ignore[attr-defined]
