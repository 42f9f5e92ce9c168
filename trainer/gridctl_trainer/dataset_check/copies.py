"""Finds patients who share images with another patient."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from gridctl_trainer.contract.wording import count
from gridctl_trainer.dataset_check.check import CheckedPatient, CheckedSet
from gridctl_trainer.datasets.quality.copies import shared_images
from gridctl_trainer.datasets.quality.oddities import Oddity


@dataclass(frozen=True, slots=True)
class FoundCopy:
    """Two patients with images in common.

    Attributes:
        patient: The patient who comes later.
        root: Data set of that patient.
        other: The patient who comes first.
        other_root: Data set of that patient.
        images: Number of images that both have.
        of_images: Number of images of the patient who has fewer.
        same_labels: Whether all labels are the same, too.
        are_copies: Whether both are the same scan, so that training leaves one of them out.
    """

    patient: CheckedPatient
    root: str
    other: CheckedPatient
    other_root: str
    images: int
    of_images: int
    same_labels: bool
    are_copies: bool

    @property
    def oddity(self) -> Oddity:
        """The finding as an oddity."""
        other = self.other.patient + (f" in {self.other_root}" if self.root != self.other_root else "")
        labels = "the same labels" if self.same_labels else "other labels"
        if self.are_copies:
            what = (
                f"its images are those of {other} ({self.images} of {self.of_images} are the same), with {labels}: "
                "training leaves one of the two out, unless data.copies is keep"
            )
        else:
            verb = "is" if self.images == 1 else "are"
            what = f"{count(self.images, 'image')} of {self.of_images} {verb} also {other}'s"
        return Oddity(what, self.patient.folder or self.patient.patient)


def find_copies(sets: Sequence[CheckedSet]) -> list[FoundCopy]:
    """Find pairs of patients with common images, within each data set and between data sets."""
    return list(_found(sets))


def _found(sets: Sequence[CheckedSet]) -> Iterator[FoundCopy]:
    # Test sets come first, so that training leaves out the training patient of a pair.
    ordered = sorted(enumerate(sets), key=lambda item: (not item[1].is_test, item[0]))
    patients = {(number, found.patient): (checked, found) for number, checked in ordered for found in checked.patients}
    for shared in shared_images({key: found.pictures for key, (_, found) in patients.items()}):
        (other_set, other), (checked, patient) = patients[shared.one], patients[shared.other]
        yield FoundCopy(
            patient,
            str(checked.root),
            other,
            str(other_set.root),
            shared.images,
            shared.of,
            patient.labels == other.labels,
            shared.are_copies,
        )


def copies_as_json(checked: CheckedSet, found: Sequence[FoundCopy]) -> list[dict[str, Any]]:
    """The pairs of one data set as JSON data, for scripts."""
    return [
        {
            "patient": copy.patient.patient,
            "of": copy.other.patient,
            "of_root": copy.other_root,
            "images": copy.images,
            "of_images": copy.of_images,
            "same_labels": copy.same_labels,
            "copies": copy.are_copies,
        }
        for copy in found
        if copy.root == str(checked.root)
    ]
