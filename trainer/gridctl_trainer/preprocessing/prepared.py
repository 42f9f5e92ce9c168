"""A data set that is prepared for a run, with every slice as the square that models see."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from gridctl_trainer.contract.errors import DataError
from gridctl_trainer.contract.spec import DataSpec
from gridctl_trainer.contract.spec.data import DEFAULT_TARGET
from gridctl_trainer.contract.wording import count
from gridctl_trainer.datasets.quality.image_content import picture_digest
from gridctl_trainer.datasets.quality.oddities import Oddity, ignore
from gridctl_trainer.datasets.slices import CAVITY, LabelledSlice, Phase
from gridctl_trainer.preprocessing.base import StepError, load_steps
from gridctl_trainer.preprocessing.grey_levels import channel_rescalings, rescaled
from gridctl_trainer.preprocessing.label_map import label_map
from gridctl_trainer.preprocessing.placement import Shape
from gridctl_trainer.preprocessing.scanned_labels import ScannedLabels
from gridctl_trainer.preprocessing.steps import preprocess

LOST_NOTICED = 0.01
"""If the crop removes more than this share of a patient's cavity, it is reported."""


@dataclass(frozen=True, slots=True)
class SliceRecord:
    """Metadata of one prepared image.

    Attributes:
        patient: Patient id.
        phase: Time point, such as `ED` or `ES`.
        name: A name that is unique within the data set, such as `patient001 ED slice 03`.
        cavity_ml: Volume of the true cavity in this slice, from the mask as published. If the cavity is not segmented,
            it is the volume of the first structure that is.
        pixel_ml: Volume of one pixel of the prepared mask; 0 if the distance between slices is unknown.
        lost_ml: Part of `cavity_ml` that the crop removed.
        index: Index of the slice in the volume as scanned.
        shape: Rows and columns as scanned.
        resampled: Rows and columns of the image that the square was cut from.
        spacing_mm: Distance between rows, columns and slice centres as scanned; the last is 0 if unknown.
        unannotated: Structures of the target that were not outlined on this slice, though they may be present.
        group: Diagnosis of the patient; empty if unknown.
        vendor: Vendor of the scanner; empty if unknown.
        centre: Hospital where the scan was made; empty if unknown.
    """

    patient: str
    phase: Phase
    name: str
    cavity_ml: float
    pixel_ml: float
    lost_ml: float
    index: int = 0
    shape: Shape = (0, 0)
    resampled: Shape = (0, 0)
    spacing_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    unannotated: tuple[str, ...] = ()
    group: str = ""
    vendor: str = ""
    centre: str = ""


@dataclass(frozen=True, slots=True)
class PreparedPatient:
    """The prepared images of one patient.

    Attributes:
        series: (n, T, size_px, size_px) float32, with the labelled frame last; (n, T, C, size_px, size_px) with several
            channels.
        masks: (n, size_px, size_px) uint8: 0 for background, otherwise the number of a structure in the target, from 1.
        slices: Metadata of each image.
        scanned: Labels of each image on the grid of the scanner.
        oddities: What was odd about the patient's files.
    """

    series: NDArray[np.float32]
    masks: NDArray[np.uint8]
    slices: tuple[SliceRecord, ...]
    scanned: ScannedLabels
    oddities: tuple[Oddity, ...] = ()


@dataclass(frozen=True)
class PreparedSet:
    """The images of a data set, ordered by patient, phase and slice.

    The arrays hold the whole data set and may be memory-mapped; `rows` selects the images that belong to this set.

    Attributes:
        all_series: (M, T, size_px, size_px) float32, with the labelled frame last; (M, T, C, size_px, size_px) with
            several channels.
        all_masks: (M, size_px, size_px) uint8: 0 for background, otherwise the number of a structure in the target,
            from 1.
        all_slices: Metadata of each of the M images.
        rows: (N,) int64, increasing.
        oddities: What was odd about the files.
        target: Structures that the masks distinguish.
        all_scanned: Labels of each of the M images on the grid of the scanner.
    """

    all_series: NDArray[np.float32]
    all_masks: NDArray[np.uint8]
    all_slices: tuple[SliceRecord, ...]
    rows: NDArray[np.int64]
    oddities: tuple[Oddity, ...] = ()
    target: tuple[str, ...] = DEFAULT_TARGET
    all_scanned: ScannedLabels = field(default_factory=ScannedLabels)

    @classmethod
    def whole(
        cls,
        series: NDArray[np.float32],
        masks: NDArray[np.uint8],
        slices: Sequence[SliceRecord],
        oddities: Sequence[Oddity] = (),
        target: tuple[str, ...] = DEFAULT_TARGET,
        scanned: ScannedLabels | None = None,
    ) -> PreparedSet:
        """Make a set of all images in the arrays.

        Args:
            series: As `all_series`.
            masks: As `all_masks`.
            slices: Metadata of each image.
            oddities: What was odd about the files.
            target: Structures that the masks distinguish.
            scanned: Labels of each image on the grid of the scanner; None for none.
        """
        rows = np.arange(len(masks))
        return cls(series, masks, tuple(slices), rows, tuple(oddities), target, scanned or ScannedLabels())

    @classmethod
    def join(cls, parts: Sequence[PreparedPatient], target: tuple[str, ...] = DEFAULT_TARGET) -> PreparedSet:
        """Concatenate the images of several patients.

        Raises:
            DataError: The patients' images differ in the number of channels.
        """
        require_one_shape([part.series.shape for part in parts])
        return cls.whole(
            np.concatenate([part.series for part in parts]),
            np.concatenate([part.masks for part in parts]),
            [record for part in parts for record in part.slices],
            [oddity for part in parts for oddity in part.oddities],
            target,
            ScannedLabels.join([part.scanned for part in parts]),
        )

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def slices(self) -> tuple[SliceRecord, ...]:
        """Metadata of each of the N images."""
        return tuple(self.all_slices[row] for row in self.rows)

    @property
    def patients(self) -> tuple[str, ...]:
        """Patient id of each of the N images."""
        return tuple(record.patient for record in self.slices)

    @property
    def names(self) -> tuple[str, ...]:
        """Unique name of each of the N images."""
        return tuple(record.name for record in self.slices)

    @property
    def images(self) -> NDArray[np.float32]:
        """The labelled frames: (N, size_px, size_px) float32, or (N, C, size_px, size_px) with several channels."""
        chosen: NDArray[np.float32] = self.all_series[self.rows, -1]
        return chosen

    @property
    def masks(self) -> NDArray[np.uint8]:
        """(N, size_px, size_px) uint8: 0 for background, otherwise the number of a structure in the target, from 1."""
        chosen: NDArray[np.uint8] = self.all_masks[self.rows]
        return chosen

    @cached_property
    def digest(self) -> str:
        """SHA-256 over shape, names, labelled frames and masks; it is the same for models with and without context."""
        return self._digest(self.images)

    @cached_property
    def series_digest(self) -> str:
        """Like `digest`, but over whole series."""
        chosen = self.all_series[self.rows]
        return self._digest(chosen) if chosen.shape[1] > 1 else self.digest

    @cached_property
    def pictures(self) -> Mapping[str, tuple[str, ...]]:
        """Digests of each patient's labelled frames, by which copies are found; empty for a blank image."""
        found: dict[str, list[str]] = {}
        for row in self.rows:
            found.setdefault(self.all_slices[row].patient, []).append(picture_digest(self.all_series[row, -1]))
        return {patient: tuple(digests) for patient, digests in found.items()}

    @property
    def channels(self) -> int:
        """Number of channels of the images."""
        return 1 if self.all_series.ndim == 4 else int(self.all_series.shape[2])

    @cached_property
    def structures(self) -> tuple[str, ...]:
        """Structures of the target that occur on some image."""
        there = set(np.unique(self.masks).tolist())
        return tuple(name for number, name in enumerate(self.target, 1) if number in there)

    @cached_property
    def all_outlined(self) -> NDArray[np.bool_] | None:
        """(M, K) bool: whether each structure of the target was outlined on each image; None if all were on all."""
        if not any(record.unannotated for record in self.all_slices):
            return None
        return np.array([[name not in record.unannotated for name in self.target] for record in self.all_slices])

    def with_something_outlined(self) -> PreparedSet:
        """Leave out images on which no structure of the target was outlined, as nothing can be learned from them."""
        if (outlined := self.all_outlined) is None:
            return self
        return dataclasses.replace(self, rows=self.rows[outlined[self.rows].any(1)])

    def of_patients(self, patients: Collection[str]) -> PreparedSet:
        """Select the images of some patients, in the same order and without copying."""
        wanted = set(patients)
        chosen = [row for row in self.rows if self.all_slices[row].patient in wanted]
        return dataclasses.replace(self, rows=np.array(chosen, dtype=np.int64))

    def _digest(self, images: NDArray[np.float32]) -> str:
        digest = hashlib.sha256(f"{images.shape}\n{chr(10).join(self.names)}\n".encode())
        digest.update(np.ascontiguousarray(images).data)
        digest.update(np.ascontiguousarray(self.masks).data)
        if (outlined := self.all_outlined) is not None:
            digest.update(np.ascontiguousarray(outlined[self.rows]).data)
        return digest.hexdigest()


def prepare_patient(slices: Sequence[LabelledSlice], oddities: Sequence[Oddity], data: DataSpec) -> PreparedPatient:
    """Preprocess one patient.

    Args:
        slices: The patient's slices as read, all with series of the same length.
        oddities: What was odd about the files.
        data: How to prepare the slices.

    Raises:
        DataError: A volume is not an image.
        StepError: A preprocessing step failed on a slice, which the error names, or returned something invalid.
    """
    found = list(oddities)
    rounds = any(step.described.rounds_to_integers for step in load_steps(data.preprocessing))
    maps = channel_rescalings(slices, found.append if rounds else ignore)
    measured = data.target.index(CAVITY) + 1 if CAVITY in data.target else 1
    series, masks, records, scanned_labels = [], [], [], []
    for labelled in slices:
        scanned = rescaled(labelled, maps) if rounds else labelled.series
        labels = label_map(labelled, data.target)
        try:
            prepared = preprocess(scanned, labels, data, labelled.spacing_mm[:2], measured)
        except StepError as error:
            problem = error.problems[0]
            raise StepError(problem.what, where=labelled.name, fix=problem.fix) from error
        series.append(prepared.series)
        masks.append(prepared.mask)
        scanned_labels.append(labels)
        voxel_ml = labelled.voxel_ml
        records.append(
            SliceRecord(
                patient=labelled.patient,
                phase=labelled.phase,
                name=labelled.name,
                cavity_ml=float((labels == measured).sum()) * voxel_ml,
                pixel_ml=voxel_ml * prepared.pixel_area,
                lost_ml=prepared.cropped_px * prepared.pixel_area * voxel_ml,
                index=labelled.index,
                shape=(labels.shape[0], labels.shape[1]),
                resampled=prepared.resampled,
                spacing_mm=labelled.spacing_mm,
                unannotated=tuple(name for name in data.target if name not in labelled.masks),
                group=labelled.group,
                vendor=labelled.vendor,
                centre=labelled.centre,
            )
        )
    found += _lost(records, slices, data.target[measured - 1])
    kept = ScannedLabels.of(scanned_labels)
    return PreparedPatient(np.stack(series), np.stack(masks), tuple(records), kept, tuple(found))


def _lost(records: Sequence[SliceRecord], slices: Sequence[LabelledSlice], structure: str) -> Iterator[Oddity]:
    whole_ml, lost_ml = sum(record.cavity_ml for record in records), sum(record.lost_ml for record in records)
    if whole_ml and lost_ml > LOST_NOTICED * whole_ml:
        name = "cavity" if structure == CAVITY else structure
        yield Oddity(f"the crop cuts off {lost_ml / whole_ml:.0%} of the {name}", str(slices[0].source.parent))


def require_one_shape(shapes: Sequence[tuple[int, ...]]) -> None:
    """Refuse images of one data set that differ in the number of channels.

    Args:
        shapes: Shapes of the series of each patient.

    Raises:
        DataError: The numbers of channels differ.
    """
    channels = sorted({shape[2] if len(shape) == 5 else 1 for shape in shapes})
    if len(channels) > 1:
        raise DataError(
            f"some of its images have {count(channels[0], 'channel')} and others {channels[-1]}",
            fix="have the data set give all images the same channels",
        )
