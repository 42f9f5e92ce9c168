"""Recognises M&Ms-2 by the names of its files alone, so that both packages can do it without opening an image."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Final

IMAGE: Final = re.compile(r"(?P<patient>\d+)_SA_(?P<phase>E[DS])\.nii(\.gz)?", re.IGNORECASE)
LABELS: Final = re.compile(r"(?P<patient>\d+)_SA_(?P<phase>E[DS])_gt\.nii(\.gz)?", re.IGNORECASE)
TABLE: Final = "dataset_information.csv"
EXPECTED: Final = f"dataset/NNN/NNN_SA_ED.nii.gz and NNN_SA_ED_gt.nii.gz, and as many of ES, beside {TABLE}"


def labelled_patients(paths: Sequence[PurePosixPath]) -> Mapping[str, Sequence[str]]:
    """Patients with short-axis labels, by the folder that holds `dataset`, or else by the folder above the patients."""
    by_root: dict[str, set[str]] = defaultdict(set)
    for path in paths:
        if match := LABELS.fullmatch(path.name):
            above = path.parent.parent if path.parent.name == match["patient"] else path.parent
            by_root[str(above.parent if above.name == "dataset" else above)].add(match["patient"])
    return {root: tuple(sorted(patients)) for root, patients in by_root.items()}
