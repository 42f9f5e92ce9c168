"""A data set prepared for a run: every slice as the square that models see."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from trainer.contract.errors import DataError, Problem
from trainer.contract.spec import DataSpec
from trainer.data import acdc, sunnybrook
from trainer.data.preprocess import preprocess
from trainer.data.slices import LabelledSlice, Progress

Patient = TypeVar("Patient")

SHOWN_PROBLEMS: Final = 20
"""Bad files named at once; a whole set that is wrong need not be listed file by file."""


@dataclass(frozen=True, slots=True)
class PreparedSet:
    """Images of one data set, in the order of patient, phase and slice.

    Attributes:
        images: (N, size_px, size_px) float32.
        masks: (N, size_px, size_px) uint8, 1 inside the left-ventricle cavity.
        patients: Id of each image's patient, N of them.
        names: Of each image, unique: `patient001 ED slice 03`.
    """

    images: NDArray[np.float32]
    masks: NDArray[np.uint8]
    patients: tuple[str, ...]
    names: tuple[str, ...]

    @property
    def digest(self) -> str:
        """SHA-256 over shape, names, images and masks."""
        digest = hashlib.sha256(f"{self.images.shape}\n{chr(10).join(self.names)}\n".encode())
        digest.update(np.ascontiguousarray(self.images).data)
        digest.update(np.ascontiguousarray(self.masks).data)
        return digest.hexdigest()

    def of_patients(self, patients: Collection[str]) -> PreparedSet:
        """The images of some patients, order kept."""
        wanted = set(patients)
        chosen = [index for index, patient in enumerate(self.patients) if patient in wanted]
        return PreparedSet(
            self.images[chosen],
            self.masks[chosen],
            tuple(self.patients[index] for index in chosen),
            tuple(self.names[index] for index in chosen),
        )


def prepare_acdc(data: DataSpec, progress: Progress | None = None) -> PreparedSet:
    """Read and prepare the set that is split into training and validation patients.

    Raises:
        DataError: Files are missing, unreadable or wrong, by name.
    """
    return _prepare(acdc.find_patients(Path(data.acdc)), acdc.read_patient, data, progress)


def prepare_sunnybrook(data: DataSpec, progress: Progress | None = None) -> PreparedSet:
    """Read and prepare the set that only measures generalisation.

    Raises:
        DataError: Files are missing, unreadable or wrong, by name.
    """
    return _prepare(sunnybrook.find_patients(Path(data.sunnybrook or "")), sunnybrook.read_patient, data, progress)


def _prepare(
    found: Sequence[Patient],
    read: Callable[[Patient], Iterable[LabelledSlice]],
    data: DataSpec,
    progress: Progress | None,
) -> PreparedSet:
    images, masks, patients, names = [], [], [], []
    problems: list[Problem] = []
    for done, patient in enumerate(found):
        if progress:
            progress(done, len(found))
        try:
            slices = list(read(patient))
        except DataError as fault:
            problems += fault.problems
            continue
        for labelled in slices if not problems else ():
            image, mask = preprocess(labelled.image, labelled.mask, data)
            images.append(image)
            masks.append(mask)
            patients.append(labelled.patient)
            names.append(labelled.name)
    if problems:
        more = len(problems) - SHOWN_PROBLEMS
        raise DataError([*problems[:SHOWN_PROBLEMS], *([Problem(f"and {more} more problems")] if more > 0 else [])])
    return PreparedSet(np.stack(images), np.stack(masks), tuple(patients), tuple(names))
