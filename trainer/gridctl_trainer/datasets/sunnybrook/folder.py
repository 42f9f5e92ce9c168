"""How Sunnybrook lies in a folder: names alone, read by both sides without opening an image."""

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

_PATIENT: Final = re.compile(r"(?P<group>SC-(?:HF-I|HF-NI|HYP|N))-0*(?P<number>\d+)|SCD\d+", re.IGNORECASE)


def patient_of(relative: PurePath) -> str:
    """The patient that the innermost folder with a patient's name belongs to; empty for none.

    Args:
        relative: Path of a file below the data set's root.

    Returns:
        Its id without zero padding: `SC-HF-I-1`.
    """
    for part in reversed(relative.parts[:-1]):
        if match := _PATIENT.fullmatch(part):
            return f"{match['group'].upper()}-{match['number']}" if match["group"] else part.upper()
    return ""


def labelled_patients(paths: Sequence[PurePosixPath]) -> Mapping[str, Sequence[str]]:
    """Patients with an inner contour, by the one root above all files of them."""
    roots: dict[str, list[str]] = defaultdict(list)
    labelled = set()
    for path in paths:
        if patient := patient_of(path):
            roots[patient].append(_above_patient(path))
            contour = CONTOUR.fullmatch(path.name)
            if contour and contour["kind"].lower() == "i":
                labelled.add(patient)
    above = [folder for patient in labelled for folder in roots[patient]]
    return {os.path.commonpath(above) or ".": tuple(sorted(labelled))} if above else {}


def _above_patient(path: PurePosixPath) -> str:
    """The folder that holds the outermost folder with a patient's name."""
    for number, part in enumerate(path.parts):
        if patient_of(PurePosixPath(part, "file")):
            return "/".join(path.parts[:number])
    return ""
