"""Reads Sunnybrook as published: DICOM images, and contours as text files in separate folders.

Source: Radau et al., MIDAS Journal 2009. Two editions are read: that of the 2009 challenge (images in `SC-HF-I-1`,
contours in `SC-HF-I-01`) and that of the Cardiac Atlas (`SCD0000101/CINESAX_300`).
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gridctl_trainer.contract.errors import DataError
from gridctl_trainer.contract.wording import count as counted
from gridctl_trainer.datasets.derived_structures import with_derived
from gridctl_trainer.datasets.formats.dicom import DicomImage, read_dicom
from gridctl_trainer.datasets.quality.oddities import Notice, Oddity, StructureOddity, ignore
from gridctl_trainer.datasets.slices import CAVITY, LabelledSlice, Phase
from gridctl_trainer.datasets.sunnybrook.contours import fill, read_contour
from gridctl_trainer.datasets.sunnybrook.files import Kind, Patient, find_patients
from gridctl_trainer.datasets.sunnybrook.stack import note_stack, require_same_slice
from gridctl_trainer.datasets.temporal_context import frames_before, pad_series

__all__ = ["PHASES_PER_SLICE", "Patient", "find_patients", "read_patient"]

PHASES_PER_SLICE: Final = 20
"""Number of images of one slice, which cover the whole cardiac cycle in order: the first follows the last."""

_OTHER_CONTOURS: Final[Mapping[Kind, str]] = {"o": "epicardium", "p1": "papillary", "p2": "papillary"}
_SPOILED: Final[Mapping[str, tuple[str, ...]]] = {
    "epicardium": ("epicardium", "myocardium"),
    "papillary": ("papillary",),
}
"""Structures of a slice that are unknown if the contour of a structure is unusable."""
_SAME_PLACE_MM: Final = 0.5


def read_patient(patient: Patient, frames: int = 1, notice: Notice = ignore) -> list[LabelledSlice]:
    """Read all slices with an inner contour, end-diastole first.

    Args:
        patient: Files of the patient.
        frames: Number of frames in each slice's series, with the labelled frame last.
        notice: Called with everything odd about the files.

    Raises:
        DataError: A file is unreadable or a contour does not fit; the error names all such files.
    """
    found: dict[int, tuple[LabelledSlice, DicomImage]] = {}
    faults: list[DataError] = []
    for number, path in sorted(patient.contours["i"].items()):
        try:
            image = read_dicom(patient.images[number])
            found[number] = (_labelled(patient, number, path, image, notice), image)
        except DataError as fault:
            faults.append(fault)
    if faults:
        raise DataError.collect(faults)
    _note_files(patient, {number: image for number, (_, image) in found.items()}, notice)
    phases = _phases({number: float(labelled.mask.sum()) for number, (labelled, _) in found.items()}, patient, notice)
    distance_mm = _slice_distance_mm(
        ((_index(number), image.position_mm) for number, (_, image) in found.items()),
        next((image.slice_distance_mm for _, image in found.values() if image.slice_distance_mm), 0.0),
    )
    if not distance_mm:
        notice(Oddity("the files do not say how far apart the slices are, so there are no volumes", _folder(patient)))
    slices = []
    for number, (labelled, _) in found.items():
        spacing_mm = (*labelled.spacing_mm[:2], distance_mm)
        slices.append(dataclasses.replace(labelled, phase=phases[number], spacing_mm=spacing_mm))
    if frames > 1:  # which phase a contour shows, and so the direction of time, is known only now
        slices = [
            dataclasses.replace(labelled, series=_series(patient, number, labelled, image, frames, notice))
            for labelled, (number, (_, image)) in zip(slices, found.items(), strict=True)
        ]
    return sorted(slices, key=lambda labelled: (labelled.phase, labelled.index))


def _labelled(patient: Patient, number: int, path: Path, image: DicomImage, notice: Notice) -> LabelledSlice:
    shape = (image.pixels.shape[0], image.pixels.shape[1])
    masks: dict[str, NDArray[np.uint8]] = {}
    for kind, structure in _OTHER_CONTOURS.items():
        if other := patient.contours.get(kind, {}).get(number):
            try:
                drawn = fill(read_contour(other), shape, other)
            except DataError as fault:  # the inner contour of the slice remains valid
                for problem in fault.problems:
                    what = f"{problem.what}: the slice counts as one without this contour"
                    notice(StructureOddity(what, problem.where, wrong=True, about=_SPOILED[structure]))
                continue
            masks[structure] = drawn | masks.get(structure, np.zeros_like(drawn))
    return LabelledSlice(
        patient=patient.patient,
        phase="ED",
        index=_index(number),
        series=image.pixels[None],
        masks=with_derived({CAVITY: fill(read_contour(path), shape, path), **masks}),
        spacing_mm=(*image.spacing_mm, 0.0),
        source=path,
        image_source=patient.images[number],
        group=patient.group,
    )


def _series(
    patient: Patient, number: int, labelled: LabelledSlice, image: DicomImage, count: int, notice: Notice
) -> NDArray[np.float32]:
    """Read the frames of a slice up to the labelled one; missing ones are replaced by the first that exists."""
    first_image = _index(number) * PHASES_PER_SLICE + 1
    phase = number - first_image
    # Padding needs increasing numbers, so they wrap around only when files are looked up.
    wanted = frames_before(phase, labelled.phase, count)
    present = [at for at in wanted if first_image + at % PHASES_PER_SLICE in patient.images]
    numbers, padded = pad_series(wanted, present)
    if padded:
        what = f"the series of {count} frames to {labelled.name} is padded {counted(padded, 'time')} by its first frame"
        notice(Oddity(what, str(patient.images[number])))
    paths = [patient.images[first_image + at % PHASES_PER_SLICE] for at in numbers[:-1]]
    frames = [read_dicom(path) for path in paths]
    for path, frame in zip(paths, frames, strict=True):
        require_same_slice(frame, path, image, patient.images[number])
    return np.concatenate([np.stack([frame.pixels for frame in frames]), labelled.series])


def _phases(areas: Mapping[int, float], patient: Patient, notice: Notice) -> dict[int, Phase]:
    """Find the phase of each contour; the images of a slice run from end-diastole through end-systole and back.

    If both phases of a slice are outlined, the larger cavity is end-diastole by definition. If that contradicts the
    numbers for the patient as a whole, the patient's numbering starts at another phase.

    Raises:
        DataError: A slice has several contours of one phase.
    """
    middle = range(PHASES_PER_SLICE // 5, PHASES_PER_SLICE * 4 // 5)
    systole = {number: (number - 1) % PHASES_PER_SLICE in middle for number in areas}
    faults, difference = [], 0.0
    for index, group in itertools.groupby(sorted(areas), key=_index):
        numbers = list(group)
        if len({systole[number] for number in numbers}) < len(numbers):
            faults.append(
                DataError(
                    f"slice {index} has contours of {', '.join(map(str, numbers))}, which are not one of each phase",
                    where=patient.contours["i"][numbers[-1]],
                )
            )
        elif len(numbers) == 2:
            difference += sum(areas[number] * (-1 if systole[number] else 1) for number in numbers)
    if faults:
        raise DataError.collect(faults)
    if difference < 0:
        notice(Oddity("its cavities are larger in mid-cycle, which is taken for end-diastole", _folder(patient)))
    return {number: "ES" if contracted == (difference >= 0) else "ED" for number, contracted in systole.items()}


def _note_files(patient: Patient, images: Mapping[int, DicomImage], notice: Notice) -> None:
    """Report signs that files may have been joined wrongly."""
    for rival in patient.rivals:
        taken = next(iter(patient.images.values()))
        notice(Oddity(f"another series fits the contours less well than {taken.name} and is left out", str(rival)))
    turned = [number for number, image in images.items() if image.inverted]
    if turned:
        verb = "is" if len(turned) == 1 else "are"
        what = (
            f"{len(turned)} of {counted(len(images), 'image')} {verb} MONOCHROME1: inverted, so that brighter is larger"
        )
        notice(Oddity(what, str(patient.images[turned[0]])))
    for number, image in images.items():
        if image.instance not in (None, number):
            what = f"its InstanceNumber is {image.instance}, not {number}"
            notice(Oddity(what, str(patient.images[number])))
    note_stack(images, patient.images, notice)
    for index, group in itertools.groupby(sorted(images), key=_index):
        positions = [image.position_mm for number in group if (image := images[number]).position_mm is not None]
        if positions and max(positions) - min(positions) > _SAME_PLACE_MM:
            what = f"images of slice {index} lie {max(positions) - min(positions):.1f} mm apart"
            notice(Oddity(what, _folder(patient), wrong=True))
    for number in sorted(patient.contours.get("o", {}).keys() - images.keys()):
        notice(Oddity("an outer contour without an inner one", str(patient.contours["o"][number])))


def _slice_distance_mm(positions: Iterable[tuple[int, float | None]], otherwise_mm: float) -> float:
    """The distance between neighbouring slices along their normal, or `otherwise_mm` if positions do not give it."""
    known = sorted({(index, position) for index, position in positions if position is not None})
    gaps = [
        abs(after - before) / (later - earlier)
        for (earlier, before), (later, after) in itertools.pairwise(known)
        if later > earlier
    ]
    distance_mm = round(sorted(gaps)[len(gaps) // 2], 4) if gaps else 0.0
    return distance_mm if 0.01 <= distance_mm <= 100 else otherwise_mm


def _index(number: int) -> int:
    return (number - 1) // PHASES_PER_SLICE


def _folder(patient: Patient) -> str:
    return str(patient.contour_folder)
