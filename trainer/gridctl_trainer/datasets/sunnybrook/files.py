"""Joins the images and contours of each Sunnybrook patient by the number in the file name."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np

from gridctl_trainer.contract.errors import DataError
from gridctl_trainer.contract.wording import count
from gridctl_trainer.datasets.file_tree import is_folder, walk
from gridctl_trainer.datasets.formats.dicom import read_dicom
from gridctl_trainer.datasets.missing_folder import missing_folder
from gridctl_trainer.datasets.quality.contour_fit import bright_border_share
from gridctl_trainer.datasets.quality.recognition import nothing_found
from gridctl_trainer.datasets.sunnybrook.contours import fill, read_contour
from gridctl_trainer.datasets.sunnybrook.descriptor import SUNNYBROOK
from gridctl_trainer.datasets.sunnybrook.folder import CONTOUR, EXPECTED, patient_of
from gridctl_trainer.datasets.sunnybrook.patient_list import names_of_images

_IMAGE: Final = re.compile(r"(?P<series>.*?)(?P<number>\d+)(?P<ending>\.dcm|\.dicom|\.ima)?", re.IGNORECASE)

_SHOWN: Final = 5

Kind = Literal["i", "o", "p1", "p2"]
Series = Mapping[int, Path]


@dataclass(frozen=True, slots=True)
class Patient:
    """The files of one patient.

    Attributes:
        patient: Patient id without zero padding: `SC-HF-I-1`.
        images: Images of the short-axis series, by the last number of the file name.
        contours: Inner, outer and papillary contours, by the same number.
        rivals: The first image of each other series that also has an image for every contour but fits less well.
    """

    patient: str
    images: Series
    contours: Mapping[Kind, Mapping[int, Path]]
    rivals: tuple[Path, ...] = ()

    @property
    def group(self) -> str:
        """Diagnosis, a part of the id: heart failure with (HF-I) or without (HF-NI) infarction, HYP or N."""
        return self.patient.removeprefix("SC-").rpartition("-")[0] if self.patient.startswith("SC-") else ""

    @property
    def contour_folder(self) -> Path:
        """Folder of the contours."""
        return next(iter(self.contours["i"].values())).parent


def find_patients(root: Path) -> list[Patient]:
    """Find every patient with an inner contour, sorted.

    Raises:
        DataError: The folder does not exist or holds no contour, a patient has no images, or something cannot be read.
    """
    if not is_folder(root):
        raise missing_folder(root, SUNNYBROOK.title)
    contours: dict[str, dict[Kind, dict[int, Path]]] = defaultdict(lambda: defaultdict(dict))
    images: dict[str, dict[tuple[Path, str, str], dict[int, Path]]] = defaultdict(lambda: defaultdict(dict))
    files = walk(root).require_readable()
    for path in files:
        if match := CONTOUR.fullmatch(path.name):
            kind: Kind = match["kind"].lower()  # type: ignore[assignment]
            contours[patient_of(path.relative_to(root))][kind][int(match["number"])] = path
        elif match := _IMAGE.fullmatch(path.name):
            images[patient_of(path.relative_to(root))][path.parent, match["series"], match["ending"] or ""][
                int(match["number"])
            ] = path
    labelled = {patient: kinds for patient, kinds in contours.items() if patient and kinds.get("i")}
    if not labelled:
        raise nothing_found("inner contour of Sunnybrook", SUNNYBROOK, root, EXPECTED)
    for name, patient in names_of_images(files, labelled, images, root).items():
        for series_of, found in images.pop(name, {}).items():
            images[patient].setdefault(series_of, found)
    patients, faults = [], []
    for patient, kinds in sorted(labelled.items()):
        try:
            series, rivals = _short_axis_series(images.get(patient, {}).values(), kinds["i"])
            patients.append(Patient(patient, series, kinds, rivals))
        except DataError as fault:
            faults.append(fault)
    if faults:
        raise DataError.collect(faults)
    return patients


def _short_axis_series(series: Iterable[Series], contours: Series) -> tuple[Series, tuple[Path, ...]]:
    """Choose the series that has an image for every contour, or of several the one that the contours fit best.

    A patient of the challenge has several series side by side, and contour files do not name their series.
    """
    fitting = [found for found in series if contours.keys() <= found.keys()]
    if len(fitting) > 1:  # drop duplicates: a folder that is also reached through a link is the same series
        fitting = list({tuple(path.resolve() for path in found.values()): found for found in fitting}.values())
    if fitting:
        best = fitting[0] if len(fitting) == 1 else max(fitting, key=lambda found: (_fit(found, contours), len(found)))
        return best, tuple(next(iter(found.values())) for found in fitting if found is not best)
    nearest: Series = max(series, key=lambda found: len(contours.keys() & found.keys()), default={})
    missing = sorted(contours.keys() - nearest.keys())
    more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
    named = ", ".join(map(str, missing[:_SHOWN])) + more
    raise DataError(
        f"there is no image with the number {named}, which {count(len(missing), 'inner contour')} of "
        f"{len(contours)} {'has' if len(missing) == 1 else 'have'}",
        where=contours[missing[0]],
        fix="unpack this patient's DICOM files below the same root",
    )


def _fit(series: Series, contours: Series) -> float:
    """Rate how well contours fit the images of a series, in [0, 1]; 0 if a file cannot be read."""
    shares = []
    for number, path in contours.items():
        try:
            pixels = read_dicom(series[number]).pixels
            share = bright_border_share(pixels, fill(read_contour(path), (pixels.shape[0], pixels.shape[1]), path))
        except DataError:
            return 0.0
        if share is not None:
            shares.append(share)
    return round(float(np.mean(shares)), 3) if shares else 0.0
