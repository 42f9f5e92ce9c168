"""A data set prepared for a run: every slice as the square that models see."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from gridctl_trainer.contract.spec import DataSpec
from gridctl_trainer.datasets.quality.oddities import Oddity, ignore
from gridctl_trainer.datasets.quality.plausibility import judge
from gridctl_trainer.datasets.slices import LabelledSlice, Phase
from gridctl_trainer.preprocessing.base import StepError, load_steps
from gridctl_trainer.preprocessing.grey_levels import rescalings
from gridctl_trainer.preprocessing.steps import preprocess

LOST_NOTICED = 0.01
"""Share of a patient's cavity cut off by the crop from which on it is said."""


@dataclass(frozen=True, slots=True)
class SliceRecord:
    """What is known of one prepared image.

    Attributes:
        patient: Id.
        phase: End-diastole or end-systole.
        name: Unique within the data set: `patient001 ED slice 03`.
        cavity_ml: Volume of the true cavity in this slice, from the mask as published.
        pixel_ml: Volume that one pixel of the prepared mask stands for; 0 if the distance of
            slices is unknown.
        lost_ml: What the crop cut off of `cavity_ml`.
    """

    patient: str
    phase: Phase
    name: str
    cavity_ml: float
    pixel_ml: float
    lost_ml: float


@dataclass(frozen=True, slots=True)
class PreparedPatient:
    """One patient's images.

    Attributes:
        series: (n, T, size_px, size_px) float32, the labelled frame last.
        masks: (n, size_px, size_px) uint8, 1 inside the left-ventricle cavity.
        slices: What is known of each.
        oddities: What was found odd about the patient's files.
    """

    series: NDArray[np.float32]
    masks: NDArray[np.uint8]
    slices: tuple[SliceRecord, ...]
    oddities: tuple[Oddity, ...] = ()


@dataclass(frozen=True)
class PreparedSet:
    """Images of one data set, in the order of patient, phase and slice.

    The arrays hold all of the data set and may be memory-mapped; `rows` says which images of it
    belong to this set.

    Attributes:
        all_series: (M, T, size_px, size_px) float32, the labelled frame last.
        all_masks: (M, size_px, size_px) uint8, 1 inside the left-ventricle cavity.
        all_slices: What is known of each, M of them.
        rows: (N,) int64, growing.
        oddities: What was found odd about the files.
    """

    all_series: NDArray[np.float32]
    all_masks: NDArray[np.uint8]
    all_slices: tuple[SliceRecord, ...]
    rows: NDArray[np.int64]
    oddities: tuple[Oddity, ...] = ()

    @classmethod
    def whole(
        cls,
        series: NDArray[np.float32],
        masks: NDArray[np.uint8],
        slices: Sequence[SliceRecord],
        oddities: Sequence[Oddity] = (),
    ) -> PreparedSet:
        """All images of the arrays."""
        return cls(series, masks, tuple(slices), np.arange(len(masks)), tuple(oddities))

    @classmethod
    def join(cls, parts: Sequence[PreparedPatient]) -> PreparedSet:
        """The images of several patients, in that order."""
        return cls.whole(
            np.concatenate([part.series for part in parts]),
            np.concatenate([part.masks for part in parts]),
            [record for part in parts for record in part.slices],
            [oddity for part in parts for oddity in part.oddities],
        )

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def slices(self) -> tuple[SliceRecord, ...]:
        """What is known of each image, N of them."""
        return tuple(self.all_slices[row] for row in self.rows)

    @property
    def patients(self) -> tuple[str, ...]:
        """Id of each image's patient, N of them."""
        return tuple(record.patient for record in self.slices)

    @property
    def names(self) -> tuple[str, ...]:
        """Of each image, unique."""
        return tuple(record.name for record in self.slices)

    @property
    def images(self) -> NDArray[np.float32]:
        """The labelled frames, (N, size_px, size_px) float32."""
        chosen: NDArray[np.float32] = self.all_series[self.rows, -1]
        return chosen

    @property
    def masks(self) -> NDArray[np.uint8]:
        """(N, size_px, size_px) uint8, 1 inside the cavity."""
        chosen: NDArray[np.uint8] = self.all_masks[self.rows]
        return chosen

    @cached_property
    def digest(self) -> str:
        """SHA-256 over shape, names, labelled frames and masks: equal for models with and without context."""
        return self._digest(self.images)

    @cached_property
    def series_digest(self) -> str:
        """The same over whole series."""
        chosen = self.all_series[self.rows]
        return self._digest(chosen) if chosen.shape[1] > 1 else self.digest

    def of_patients(self, patients: Collection[str]) -> PreparedSet:
        """The images of some patients, order kept, nothing copied."""
        wanted = set(patients)
        chosen = [row for row in self.rows if self.all_slices[row].patient in wanted]
        return dataclasses.replace(self, rows=np.array(chosen, dtype=np.int64))

    def _digest(self, images: NDArray[np.float32]) -> str:
        digest = hashlib.sha256(f"{images.shape}\n{chr(10).join(self.names)}\n".encode())
        digest.update(np.ascontiguousarray(images).data)
        digest.update(np.ascontiguousarray(self.masks).data)
        return digest.hexdigest()


def prepare_patient(slices: Sequence[LabelledSlice], oddities: Sequence[Oddity], data: DataSpec) -> PreparedPatient:
    """Preprocess one patient.

    Args:
        slices: As read, all with series of the same length.
        oddities: Found while reading.
        data: How to prepare them.

    Raises:
        DataError: A volume is no image.
        StepError: A preprocessing step failed on a slice, by name, or returned what it must not.
    """
    found = list(oddities)
    judge(slices, found.append)
    rounds = any(step.described.rounds_to_integers for step in load_steps(data.preprocessing))
    maps = rescalings(slices, found.append if rounds else ignore)
    series, masks, records = [], [], []
    for labelled in slices:
        rescaling = maps.get(labelled.phase) if rounds else None
        scanned = rescaling.apply(labelled.series) if rescaling else labelled.series
        try:
            prepared = preprocess(scanned, labelled.mask, data, labelled.spacing_mm[:2])
        except StepError as error:
            problem = error.problems[0]
            raise StepError(problem.what, where=labelled.name, fix=problem.fix) from error
        series.append(prepared.series)
        masks.append(prepared.mask)
        voxel_ml = labelled.voxel_ml
        records.append(
            SliceRecord(
                patient=labelled.patient,
                phase=labelled.phase,
                name=labelled.name,
                cavity_ml=float(labelled.mask.sum()) * voxel_ml,
                pixel_ml=voxel_ml * prepared.pixel_area,
                lost_ml=prepared.cropped_px * prepared.pixel_area * voxel_ml,
            )
        )
    found += _lost(records, slices)
    return PreparedPatient(np.stack(series), np.stack(masks), tuple(records), tuple(found))


def _lost(records: Sequence[SliceRecord], slices: Sequence[LabelledSlice]) -> Iterator[Oddity]:
    whole_ml, lost_ml = sum(record.cavity_ml for record in records), sum(record.lost_ml for record in records)
    if whole_ml and lost_ml > LOST_NOTICED * whole_ml:
        yield Oddity(f"the crop cuts off {lost_ml / whole_ml:.0%} of the cavity", str(slices[0].source.parent))
