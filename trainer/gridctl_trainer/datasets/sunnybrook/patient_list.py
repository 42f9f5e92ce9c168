"""Reads the Cardiac Atlas's list of patients, which joins contours (`SC-HF-I-1`) with images (`SCD0000101`).

The layout is the one that public loaders of the Cardiac Atlas's edition read: the list has the columns PatientID,
OriginalID, Gender, Age and Pathology, the folders are `SCD0000101/CINESAX_300` and
`SCD_ManualContours/SC-HF-I-01/contours-manual/IRCCI-expert`, and an image and its contour share the number NNNN. This
reader has not been tested on the list itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from gridctl_trainer.contract.errors import DataError
from gridctl_trainer.datasets.formats.table import read_table
from gridctl_trainer.datasets.sunnybrook.folder import ATLAS_PATIENT, PATIENT_LIST, patient_named


def names_of_images(
    files: Iterable[Path], labelled: Iterable[str], imaged: Iterable[str], root: Path
) -> dict[str, str]:
    """Find the patient of each folder of images that has another name than the folder of the contours.

    Args:
        files: Files of the data set.
        labelled: Names of the folders of contours.
        imaged: Names of the folders of images.
        root: Folder of the data set, which errors name.

    Returns:
        The patient for each name of a folder of images; empty if no list is needed.

    Raises:
        DataError: Some contours lack images while images have names of the Cardiac Atlas, and the list that joins them
            is missing or incomplete.
    """
    without_images = sorted(set(labelled) - set(imaged))
    atlas = [name for name in imaged if ATLAS_PATIENT.fullmatch(name)]
    lists = [path for path in files if PATIENT_LIST.fullmatch(path.name)]
    if not without_images or not (atlas or lists):
        return {}
    if not lists:
        raise DataError(
            f"images are of {', '.join(sorted(atlas)[:3])}, ... and contours of {', '.join(without_images[:3])}, ...: "
            "the list that says which belong together is not here",
            where=root,
            fix="put the Cardiac Atlas's scd_patientdata.csv into this folder (an .xlsx file saved as CSV)",
        )
    joined = _joined(lists[0])
    if unlisted := [patient for patient in without_images if patient not in joined.values()]:
        raise DataError(
            f"it does not say which images belong to {', '.join(unlisted[:5])}"
            f"{f' and {len(unlisted) - 5} more' if len(unlisted) > 5 else ''}",
            where=lists[0],
            fix="bring back the list as published",
        )
    return joined


def _joined(path: Path) -> dict[str, str]:
    rows = read_table(path, ("PatientID",), ("OriginalID",))
    return {
        patient_named(images) or images: patient_named(row.get("OriginalID")) or row.get("OriginalID")
        for images, row in rows.items()
    }
