"""The Cardiac Atlas's list of patients: whose contours (`SC-HF-I-1`) belong to which images (`SCD0000101`).

Its columns PatientID and OriginalID, Gender, Age and Pathology, the folders `SCD0000101/CINESAX_300` and
`SCD_ManualContours/SC-HF-I-01/contours-manual/IRCCI-expert`, and that an image and its contour share the number NNNN,
are what public loaders of the Cardiac Atlas's edition read. The list itself was not at hand.
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
    """The patient of each folder of images, where it is called otherwise than that of the contours.

    Args:
        files: Of the data set.
        labelled: Patients with contours, by the name of their folder.
        imaged: Patients with images, by the name of theirs.
        root: Named in errors.

    Raises:
        DataError: Contours lack images, images have names of the Cardiac Atlas, and there is no list that joins them,
            or it does not name all patients.
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
            f"it does not say which images are those of {', '.join(unlisted[:5])}"
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
