"""Divides the patients of a run: copies are left out first, and the others are split."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from gridctl_trainer.contract.errors import DataError
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.datasets.quality.copies import shared_images
from gridctl_trainer.datasets.registry import case_names
from gridctl_trainer.datasets.split import CaseNames, Split, fixed_split, split_of
from gridctl_trainer.datasets.transfer.fetching import folder_of
from gridctl_trainer.preprocessing.prepared import PreparedSet

_TRAIN: Final = "train"

LeftOut = Mapping[str, Mapping[str, str]]
"""The patients who are left out and why: data set -> patient -> reason."""


@dataclass(frozen=True, slots=True)
class Division:
    """Which patients are for training, validation and test, and which are left out.

    Attributes:
        split: The split of the data set that is trained on.
        left_out: The patients of every data set who are left out, because their images are another patient's.
    """

    split: Split
    left_out: LeftOut = field(default_factory=dict)


def said_left_out(left_out: LeftOut) -> Iterator[str]:
    """One sentence for each patient who is left out."""
    for name, reasons in left_out.items():
        for patient, reason in reasons.items():
            yield f"{patient} ({name}) is left out: {reason}; set data.copies: keep to keep it"


def divide(spec: RunSpec, found: Mapping[str, PreparedSet]) -> Division:
    """Split the patients of a run.

    Args:
        spec: The run.
        found: The prepared sets by name: `train`, `test`, and the external ones.

    Raises:
        DataError: A part would be empty, a fixed split names a patient who is not in the data, or patients are to be
            stratified by something that the data set does not say.
    """
    labelled = found[_TRAIN]
    patients = set(labelled.patients)
    names = _case_names(spec)
    left_out = _left_out(spec, found, patients, names) if spec.data.copies == "drop" else {}
    split = split_of(spec, patients, _strata(spec, labelled), left_out.get(_TRAIN, {}).keys(), names)
    return Division(split, left_out)


def _case_names(spec: RunSpec) -> CaseNames | None:
    if spec.data.split is None or not spec.data.split.parts:
        return None
    return case_names(spec.data.train, folder_of(spec.data.train.path))


def _left_out(spec: RunSpec, found: Mapping[str, PreparedSet], patients: set[str], names: CaseNames | None) -> LeftOut:
    """The copies to leave out.

    Of two patients of one set with the same images, the later one is left out. Of two in `train` and another set, the
    one in `train` is.
    """
    place = _places(spec, patients, names)
    order = sorted(
        ((name, patient) for name, prepared in found.items() for patient in prepared.pictures),
        key=lambda key: (key[0] == _TRAIN, key[0], place.get(key[1], 0) if key[0] == _TRAIN else 0, key[1]),
    )
    reasons: dict[str, dict[str, str]] = {}
    for shared in shared_images({key: found[key[0]].pictures[key[1]] for key in order}):
        (set_name, patient), (other_set, other) = shared.one, shared.other
        same_set = set_name == other_set
        if not shared.are_copies or patient in reasons.get(set_name, {}):
            continue
        if not same_set and (other_set != _TRAIN or place.get(other, 0) == _IN_TEST):
            continue  # two sets that are only scored may share a patient
        where = "" if same_set else f" ({set_name})"
        reasons.setdefault(other_set, {}).setdefault(other, f"its images are those of {patient}{where}")
    return {name: dict(sorted(found_here.items())) for name, found_here in sorted(reasons.items())}


_IN_TEST: Final = -3


def _places(spec: RunSpec, patients: set[str], names: CaseNames | None) -> Mapping[str, int]:
    """The rank of each patient of a fixed split. Of two copies, the one in test stays, else the one in validation."""
    given = spec.data.split
    if given is None or not given.parts:
        return {}
    fixed = fixed_split(given.parts[spec.fold or 0], patients, names)
    ranks = ((_IN_TEST, fixed.test), (_IN_TEST + 1, fixed.validation), (_IN_TEST + 2, fixed.train))
    return {patient: rank for rank, part in ranks for patient in part}


def _strata(spec: RunSpec, labelled: PreparedSet) -> Mapping[str, str] | None:
    by = spec.data.split.stratify if spec.data.split else None
    if by is None:
        return None
    strata: dict[str, str] = {record.patient: getattr(record, by) for record in labelled.slices}
    if not any(strata.values()):
        raise DataError(
            f"patients are to be stratified by {by}, but the data set does not say it for any of them",
            where="data.split.stratify",
            fix="leave stratify out, or use a data set that says it",
        )
    return strata
