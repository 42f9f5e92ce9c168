"""Sunnybrook as published: DICOM images, contours as text files in folders of their own.

Source: Radau et al., MIDAS Journal 2009. Two editions are read: the 2009 challenge (`SC-HF-I-1`
images, `SC-HF-I-01` contours) and the Cardiac Atlas one (`SCD0000101/CINESAX_300`).
"""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from trainer.contract.errors import DataError
from trainer.data.contours import fill, read_contour
from trainer.data.dicom import read_dicom
from trainer.data.slices import LabelledSlice, Phase

PHASES_PER_SLICE: Final = 20

_CONTOUR: Final = re.compile(r"IM-\d+-(?P<number>\d+)-(?P<kind>i|o|p1|p2)contour-manual\.txt", re.IGNORECASE)
_IMAGE: Final = re.compile(r"(?P<series>.*?)(?P<number>\d+)\.dcm", re.IGNORECASE)
_PATIENT: Final = re.compile(r"(?P<group>SC-(?:HF-I|HF-NI|HYP|N))-0*(?P<number>\d+)|SCD\d+", re.IGNORECASE)

Kind = Literal["i", "o", "p1", "p2"]


@dataclass(frozen=True, slots=True)
class Patient:
    """The files of one patient.

    Attributes:
        patient: Id without zero padding: `SC-HF-I-1`.
        images: The short-axis series, by the last number of the file name.
        contours: Inner, outer and papillary contours, by that number.
    """

    patient: str
    images: Mapping[int, Path]
    contours: Mapping[Kind, Mapping[int, Path]]


def find_patients(root: Path) -> list[Patient]:
    """Every patient with an inner contour, sorted.

    Raises:
        DataError: There is no such folder, no contour in it, or a patient has no images.
    """
    if not root.is_dir():
        raise DataError(
            "there is no such folder",
            where=root,
            fix="unpack Sunnybrook there, or make a synthetic set: python -m trainer data phantom OUT",
        )
    contours: dict[str, dict[Kind, dict[int, Path]]] = defaultdict(lambda: defaultdict(dict))
    images: dict[str, dict[tuple[Path, str], dict[int, Path]]] = defaultdict(lambda: defaultdict(dict))
    for path in sorted(root.rglob("*")):
        if match := _CONTOUR.fullmatch(path.name):
            kind: Kind = match["kind"].lower()  # type: ignore[assignment]
            contours[_patient_of(path, root)][kind][int(match["number"])] = path
        elif match := _IMAGE.fullmatch(path.name):
            images[_patient_of(path, root)][path.parent, match["series"]][int(match["number"])] = path
    labelled = {patient: kinds for patient, kinds in contours.items() if patient and kinds.get("i")}
    if not labelled:
        raise DataError(
            "there is no inner contour in this folder",
            where=root,
            fix="it should hold SC-*/contours-manual/*/IM-0001-NNNN-icontour-manual.txt and the DICOM images",
        )
    patients, faults = [], []
    for patient, kinds in sorted(labelled.items()):
        try:
            series = _short_axis_series(images.get(patient, {}).values(), kinds["i"])
            patients.append(Patient(patient, series, kinds))
        except DataError as fault:
            faults.append(fault)
    if faults:
        raise DataError.collect(faults)
    return patients


def read_patient(patient: Patient) -> list[LabelledSlice]:
    """All slices with an inner contour, end-diastole first.

    Raises:
        DataError: A file is unreadable or a contour does not fit: all of them, by name.
    """
    found: list[tuple[Phase, int, LabelledSlice, float | None]] = []
    faults: list[DataError] = []
    for number, path in sorted(patient.contours["i"].items()):
        index, phase = (number - 1) // PHASES_PER_SLICE, _phase(number)
        try:
            image = read_dicom(patient.images[number])
            mask = fill(read_contour(path), (image.pixels.shape[0], image.pixels.shape[1]), path)
        except DataError as fault:
            faults.append(fault)
            continue
        labelled = LabelledSlice(patient.patient, phase, index, image.pixels, mask, (*image.spacing_mm, 0.0))
        found.append((phase, index, labelled, image.position_mm))
    if faults:
        raise DataError.collect(faults)
    distance_mm = _slice_distance_mm((index, position) for _, index, _, position in found)
    return [
        LabelledSlice(s.patient, s.phase, s.index, s.image, s.mask, (*s.spacing_mm[:2], distance_mm))
        for _, _, s, _ in sorted(found, key=lambda item: item[:2])
    ]


def _short_axis_series(series: Iterable[Mapping[int, Path]], contours: Mapping[int, Path]) -> Mapping[int, Path]:
    """The series that has an image for every contour; of several the largest, which is the cine."""
    fitting = [found for found in series if contours.keys() <= found.keys()]
    if fitting:
        return max(fitting, key=len)
    nearest: Mapping[int, Path] = max(series, key=lambda found: len(contours.keys() & found.keys()), default={})
    missing = sorted(contours.keys() - nearest.keys())
    raise DataError.collect(
        DataError(
            f"there is no image number {number} for this contour",
            where=contours[number],
            fix="unpack this patient's DICOM files beside it, below the same root",
        )
        for number in missing
    )


def _phase(number: int) -> Phase:
    """Phases run from end-diastole through end-systole, in the middle, and back."""
    phase = (number - 1) % PHASES_PER_SLICE
    return "ES" if PHASES_PER_SLICE // 5 <= phase < PHASES_PER_SLICE * 4 // 5 else "ED"


def _slice_distance_mm(positions: Iterable[tuple[int, float | None]]) -> float:
    """Distance of neighbouring slices along their normal; 0 if the files do not say."""
    known = sorted({(index, position) for index, position in positions if position is not None})
    gaps = [
        abs(after - before) / (later - earlier)
        for (earlier, before), (later, after) in itertools.pairwise(known)
        if later > earlier
    ]
    return round(sorted(gaps)[len(gaps) // 2], 4) if gaps else 0.0


def _patient_of(path: Path, root: Path) -> str:
    """The patient that the innermost folder with a patient's name belongs to; empty for none."""
    for part in reversed(path.relative_to(root).parts[:-1]):
        if match := _PATIENT.fullmatch(part):
            return f"{match['group'].upper()}-{match['number']}" if match["group"] else part.upper()
    return ""
