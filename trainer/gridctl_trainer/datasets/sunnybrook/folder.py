"""Recognises Sunnybrook by the names of its files alone, so that both packages can do it without opening an image."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import PurePath, PurePosixPath
from typing import Final

CONTOUR: Final = re.compile(r"IM-\d+-(?P<number>\d+)-(?P<kind>i|o|p1|p2)contour-manual\.txt", re.IGNORECASE)
SIGN: Final = re.compile(r"SC-(HF-I|HF-NI|HYP|N)-\d+|SCD\d+|IM-\d+-\d+-icontour-manual\.txt", re.IGNORECASE)
EXPECTED: Final = "SC-*/contours-manual/*/IM-0001-NNNN-icontour-manual.txt beside its DICOM images"

ATLAS_PATIENT: Final = re.compile(r"SCD\d+", re.IGNORECASE)
PATIENT_LIST: Final = re.compile(r"scd_?patient_?data.*\.csv", re.IGNORECASE)
"""Names of the Cardiac Atlas: of patients, and of its list of patients."""

_PATIENT: Final = re.compile(r"(?P<group>SC-(?:HF-I|HF-NI|HYP|N))-0*(?P<number>\d+)|SCD\d+", re.IGNORECASE)


def patient_of(relative: PurePath) -> str:
    """The patient named by the innermost folder that has a patient's name; empty if there is none.

    Args:
        relative: Path of a file relative to the root of the data set.

    Returns:
        The patient's id without zero padding: `SC-HF-I-1`.
    """
    return next((name for part in reversed(relative.parts[:-1]) if (name := patient_named(part))), "")


def patient_named(text: str) -> str:
    """The id in the name of a folder or in the list of patients, without zero padding; empty if it is not an id."""
    match = _PATIENT.fullmatch(text.strip())
    if match is None:
        return ""
    return f"{match['group'].upper()}-{match['number']}" if match["group"] else match[0].upper()


def labelled_patients(paths: Sequence[PurePosixPath]) -> Mapping[str, Sequence[str]]:
    """Patients with an inner contour, by the one root above all of their files."""
    roots: dict[str, list[str]] = defaultdict(list)
    labelled: set[str] = set()
    imaged: set[str] = set()
    for path in paths:
        if patient := patient_of(path):
            roots[patient].append(_above_patient(path))
            contour = CONTOUR.fullmatch(path.name)
            if contour and contour["kind"].lower() == "i":
                labelled.add(patient)
            elif not contour:
                imaged.add(patient)
    above = [folder for patient in labelled for folder in roots[patient]]
    if labelled - imaged:  # the Cardiac Atlas names folders of images differently; its list joins the two
        above += [folder for patient in imaged if ATLAS_PATIENT.fullmatch(patient) for folder in roots[patient]]
        above += [str(path.parent) for path in paths if PATIENT_LIST.fullmatch(path.name)]
    return {os.path.commonpath(above) or ".": tuple(sorted(labelled))} if above else {}


def _above_patient(path: PurePosixPath) -> str:
    """The folder above the outermost folder that has a patient's name."""
    for number, part in enumerate(path.parts):
        if patient_of(PurePosixPath(part, "file")):
            return "/".join(path.parts[:number])
    return ""
