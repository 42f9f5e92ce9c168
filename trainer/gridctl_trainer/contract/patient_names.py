"""Whether the name of a scan or of a mask says whose it is."""

from __future__ import annotations

import re
from collections.abc import Iterable


def named_patient(name: str, patients: Iterable[str]) -> str:
    """The patient whose id a name has in it, as a word; the first in the order of ids, empty for none.

    Args:
        name: A path, such as `training/patient001/patient001_frame01`.
        patients: Ids.
    """
    words = set(re.split(r"[/\\]", name))
    for patient in sorted(patients):
        if patient in words or re.search(rf"(?<![A-Za-z0-9]){re.escape(patient)}(?![A-Za-z0-9])", name):
            return patient
    return ""
