"""Finds the patient's id in the name of a scan or a mask."""

from __future__ import annotations

import re
from collections.abc import Iterable


def named_patient(name: str, patients: Iterable[str]) -> str:
    """The patient whose id appears in a name as a whole word; the first in sorted order if several do, empty if none
    does.

    Args:
        name: A path, such as `training/patient001/patient001_frame01`.
        patients: Ids of the patients.
    """
    words = set(re.split(r"[/\\]", name))
    for patient in sorted(patients):
        if patient in words or re.search(rf"(?<![A-Za-z0-9]){re.escape(patient)}(?![A-Za-z0-9])", name):
            return patient
    return ""
