"""Finds the scans at a place: NIfTI files, and folders of DICOM images."""

from __future__ import annotations

import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pydicom

from gridctl_trainer.contract.errors import DataError
from gridctl_trainer.contract.wording import count
from gridctl_trainer.datasets.file_tree import walk
from gridctl_trainer.datasets.formats.dicom_series import read_dicom_series
from gridctl_trainer.datasets.formats.scan import Scan, read_nifti_scan

_DICOM_ENDINGS: Final = (".dcm", ".dicom", ".ima")
_MAGIC_AT: Final = 128
_LABELS: Final = "_gt"
"""The end of the names of ACDC's label files, which lie next to the scans."""


@dataclass(frozen=True, slots=True)
class FoundScan:
    """A scan that has not been read yet.

    Attributes:
        name: Path of its mask below the output folder, without the ending: `patient001/patient001_frame01`.
        source: The file, or the folder of a series. If there are several channels, it is the first one's.
        images: The files of a DICOM series; empty for NIfTI.
        others: The scans that hold the other channels.
    """

    name: str
    source: Path
    images: tuple[Path, ...] = ()
    others: tuple[FoundScan, ...] = ()

    def read(self) -> Scan:
        """Read the scan, without its other channels.

        Raises:
            DataError: The scan cannot be read, or its spacing or orientation is unknown.
        """
        if not self.images:
            return read_nifti_scan(self.source)
        _require_one_series(self.source, self.images)
        return read_dicom_series(self.source, self.images)


def find_scans(place: Path, notice: Callable[[str], None]) -> list[FoundScan]:
    """Find every scan in a file or folder, sorted by name.

    Args:
        place: A NIfTI file, or a folder with NIfTI files or DICOM images anywhere below it.
        notice: Receives a message about files that are skipped.

    Raises:
        DataError: There is no scan, two scans would have the same name, or something cannot be read.
    """
    if place.is_file():
        if not is_nifti(place):
            raise DataError("this is not a NIfTI file", where=place, fix="give .nii or .nii.gz, or a folder of DICOM")
        return [FoundScan(stem_of(place), place)]
    if not place.exists():
        raise DataError("there is no such file or folder", where=place, fix="give the scans to be segmented")
    files = walk(place).require_readable()
    scans = [path for path in files if is_nifti(path)]
    labels = [path for path in scans if stem_of(path).casefold().endswith(_LABELS)]
    if labels:
        notice(f"{count(len(labels), 'file')} named *{_LABELS}.nii* passed over: these are labels")
    found = [FoundScan(_name(place, path.with_name(stem_of(path))), path) for path in scans if path not in labels]
    series: dict[Path, list[Path]] = defaultdict(list)
    for path in files:
        if not is_nifti(path) and _is_dicom(path):
            series[path.parent].append(path)
    found += [FoundScan(_name(place, folder), folder, tuple(sorted(images))) for folder, images in series.items()]
    if not found:
        raise DataError("there is neither a NIfTI file nor a DICOM image in it", where=place, fix="give another folder")
    if twice := [name for name, times in Counter(scan.name for scan in found).items() if times > 1]:
        sources = ", ".join(scan.source.name for scan in found if scan.name == twice[0])
        raise DataError(f"{sources} would have one mask, {twice[0]}.nii.gz", where=place, fix="move one of them away")
    return sorted(found, key=lambda scan: scan.name)


def _name(place: Path, path: Path) -> str:
    relative = path.relative_to(place).as_posix()
    return place.resolve().name if relative == "." else relative


def is_nifti(path: Path) -> bool:
    """Whether a file's name is that of a NIfTI file."""
    return path.name.casefold().endswith((".nii", ".nii.gz"))


def stem_of(path: Path) -> str:
    """The name of a NIfTI file without its ending."""
    name = path.name
    for ending in (".gz", ".nii"):
        name = name[: -len(ending)] if name.casefold().endswith(ending) else name
    return name


def _is_dicom(path: Path) -> bool:
    if path.suffix.casefold() in _DICOM_ENDINGS:
        return True
    with path.open("rb") as file:
        return file.read(_MAGIC_AT + 4)[_MAGIC_AT:] == b"DICM"


def _require_one_series(folder: Path, images: Sequence[Path]) -> None:
    numbers: Counter[str] = Counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for path in images:
            try:
                tags = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=["SeriesInstanceUID"], force=True)
            except Exception:  # reported when the file is read
                continue
            numbers[str(tags.get("SeriesInstanceUID", ""))] += 1
    if len(numbers) > 1:
        said = ", ".join(count(number, "image") for number in numbers.values())
        raise DataError(
            f"it holds {len(numbers)} series, of {said}", where=folder, fix="give each series its own folder"
        )
