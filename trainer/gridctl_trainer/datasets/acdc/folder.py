"""Recognises ACDC by the names of its files alone, so that both packages can do it without opening an image."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Final

PATIENT: Final = re.compile(r"patient\d+")
LABELS_FILE: Final = re.compile(r"patient\d+_frame\d+_gt\.nii(\.gz)?", re.IGNORECASE)
TRAINING: Final = "training"
TESTING: Final = "testing"
FOLDERS: Final = ("", "training", "database/training", "testing", "database/testing")
"""Folders below a root in which the patients may lie; the first one that has patients is used."""

EXPECTED: Final = "patientNNN/Info.cfg, maybe below training/ or database/training/"


def labelled_patients(paths: Sequence[PurePosixPath]) -> Mapping[str, Sequence[str]]:
    """Patients with an Info.cfg, by the root of their data set."""
    return {
        root: tuple(sorted(next(folders[below] for below in FOLDERS if below in folders)))
        for root, folders in _by_root(paths).items()
    }


def test_patients(paths: Sequence[PurePosixPath]) -> Mapping[str, tuple[str, Sequence[str]]]:
    """The test set of each root that has training patients and labelled testing patients.

    Returns:
        By root, the folder of the testing patients below it and their ids.
    """
    labelled = {str(path.parent.parent) for path in paths if LABELS_FILE.fullmatch(path.name)}
    found = {}
    for root, folders in _by_root(paths).items():
        chosen = next(below for below in FOLDERS if below in folders)
        testing = chosen.removesuffix(TRAINING) + TESTING
        if chosen.endswith(TRAINING) and testing in folders:
            place = testing if root == "." else f"{root}/{testing}"
            if place in labelled:
                found[root] = (testing, tuple(sorted(folders[testing])))
    return found


def _by_root(paths: Sequence[PurePosixPath]) -> Mapping[str, Mapping[str, set[str]]]:
    """Patients with an Info.cfg, by the root of their data set and by the folder below it."""
    by_folder: dict[str, set[str]] = defaultdict(set)
    for path in paths:
        patient = path.parent
        if path.name.casefold() == "info.cfg" and PATIENT.fullmatch(patient.name):
            by_folder[str(patient.parent)].add(patient.name)
    by_root: dict[str, dict[str, set[str]]] = defaultdict(dict)
    for folder, patients in by_folder.items():
        root, below = _split_off(folder)
        by_root[root][below] = patients
    return by_root


def _split_off(folder: str) -> tuple[str, str]:
    """Split the folder of the patients into the root of the data set and the part below it."""
    for below in sorted(FOLDERS, key=len, reverse=True):
        if below and f"/{folder}".endswith(f"/{below}"):
            return folder.removesuffix(below).rstrip("/") or ".", below
    return folder, ""
