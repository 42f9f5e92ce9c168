"""Recognises M&Ms by the names of its files alone, so that both packages can do it without opening an image."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import PurePath, PurePosixPath
from typing import Final

IMAGE: Final = re.compile(r"(?P<patient>[A-Za-z0-9]+)_sa\.nii(\.gz)?", re.IGNORECASE)
LABELS: Final = re.compile(r"(?P<patient>[A-Za-z0-9]+)_sa_gt\.nii(\.gz)?", re.IGNORECASE)
TABLE: Final = re.compile(r".*M&Ms.*\.csv", re.IGNORECASE)
EXPECTED: Final = "Training/Labeled/CODE/CODE_sa.nii.gz and CODE_sa_gt.nii.gz, beside the table (.csv) of the patients"

TRAINING: Final = "training"
TESTING: Final = "testing"
_PARTS: Final = (TRAINING, "validation", TESTING)


def part_of(relative: PurePath) -> str:
    """The part of the challenge to which a file below the root belongs: training, validation or testing; else empty."""
    return next((part.casefold() for part in relative.parts[:-1] if part.casefold() in _PARTS), "")


def labelled_patients(paths: Sequence[PurePosixPath]) -> Mapping[str, Sequence[str]]:
    """Patients with labels, by root; only those of the training part if there is one."""
    found = {}
    for root, parts in _by_root(paths).items():
        chosen = [parts[TRAINING]] if TRAINING in parts else parts.values()
        found[root] = tuple(sorted({patient for patients in chosen for patient in patients}))
    return found


def test_patients(paths: Sequence[PurePosixPath]) -> Mapping[str, tuple[str, Sequence[str]]]:
    """The test set of each root that has labelled training and testing patients.

    Returns:
        By root, the folder of the testing patients below it and their ids.
    """
    found = {}
    for root, parts in _by_root(paths).items():
        if TRAINING in parts and TESTING in parts:
            folder = next(
                part
                for path in paths
                if LABELS.fullmatch(path.name) and _root_of(path) == root
                for part in path.parts
                if part.casefold() == TESTING
            )
            found[root] = (folder, tuple(sorted(parts[TESTING])))
    return found


def _by_root(paths: Sequence[PurePosixPath]) -> Mapping[str, Mapping[str, set[str]]]:
    by_root: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for path in paths:
        if match := LABELS.fullmatch(path.name):
            by_root[_root_of(path)][part_of(path)].add(match["patient"])
    return by_root


def _root_of(path: PurePosixPath) -> str:
    """The folder above the part to which a file belongs, or above the patient's folder if there are no parts."""
    for number, part in enumerate(path.parts[:-1]):
        if part.casefold() in _PARTS:
            return "/".join(path.parts[:number]) or "."
    match = LABELS.fullmatch(path.name)
    own = path.parent
    if match and own.name == match["patient"]:
        own = own.parent
    return str(own)
