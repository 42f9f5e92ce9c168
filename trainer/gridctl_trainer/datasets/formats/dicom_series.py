"""Reads a series of DICOM images as one scan, with slices ordered by position and frames of a slice by time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import nibabel
import numpy as np
from numpy.typing import NDArray

from gridctl_trainer.contract.errors import DataError
from gridctl_trainer.contract.wording import count
from gridctl_trainer.datasets.formats.dicom import DicomImage, read_dicom
from gridctl_trainer.datasets.formats.scan import Scan
from gridctl_trainer.datasets.formats.voxel_grid import SPACING_TOLERANCE, Grid, turned_degrees

_SAME_PLACE_MM: Final = 0.1
_UNEVEN: Final = 0.02
"""Relative difference between two slice distances that is attributed to rounding."""
_TURNED_DEGREES: Final = 0.1
_EXPORT: Final = "export the original short-axis series, alone in its folder"


def read_dicom_series(folder: Path, paths: Sequence[Path]) -> Scan:
    """Read the images of one series.

    Args:
        folder: Folder of the series, which errors name.
        paths: Files of the series.

    Raises:
        DataError: A file cannot be read, or the files are not slices of one stack with known position and spacing.
    """
    images = {path: read_dicom(path) for path in paths}
    _require_one_stack(folder, images)
    slices = _by_place(images)
    numbers = {len(of_slice) for of_slice in slices}
    if len(numbers) > 1:
        said = f"between {min(numbers)} and {max(numbers)} images of each slice"
        raise DataError(f"it has {said}, not the same number of each", where=folder, fix=_EXPORT)
    first, distance_mm = slices[0][0], _distance_mm(folder, slices)
    frames = np.stack([np.stack([of_slice[time].pixels for of_slice in slices]) for time in range(numbers.pop())])
    rows_mm, columns_mm = first.spacing_mm
    header: Any = nibabel.nifti1.Nifti1Header()  # type: ignore[no-untyped-call]
    affine = _to_nifti(first, distance_mm)
    shape = (*frames.shape[:0:-1], len(frames))
    header.set_data_shape(shape if len(frames) > 1 else shape[:3])
    header.set_zooms((columns_mm, rows_mm, distance_mm, *([1.0] if len(frames) > 1 else [])))
    header.set_xyzt_units("mm")
    header.set_sform(affine, "scanner")
    header.set_qform(affine, "scanner")
    grid = Grid((shape[0], shape[1], shape[2]), (columns_mm, rows_mm, distance_mm), affine)
    return Scan(frames, grid, affine, header, len(frames) > 1, folder)


def _require_one_stack(folder: Path, images: Mapping[Path, DicomImage]) -> None:
    unplaced = [path for path, image in images.items() if image.affine is None]
    if unplaced:
        raise DataError(
            f"{count(len(unplaced), 'image')} of {len(images)} without ImagePositionPatient (0020,0032) and "
            "ImageOrientationPatient (0020,0037), so nothing says how its slices lie in the patient",
            where=unplaced[0],
            fix="export the original images",
        )
    path, first = next(iter(images.items()))
    for other_path, other in images.items():
        assert first.affine is not None
        assert other.affine is not None
        wrong = ""
        if other.pixels.shape != first.pixels.shape:
            wrong = f"{other.pixels.shape[1]} x {other.pixels.shape[0]} pixels"
        elif not np.allclose(other.spacing_mm, first.spacing_mm, rtol=SPACING_TOLERANCE, atol=0):
            wrong = f"another spacing, {other.spacing_mm[0]:.5g} x {other.spacing_mm[1]:.5g} mm"
        elif (angle := turned_degrees(other.affine, first.affine)) > _TURNED_DEGREES:
            wrong = f"another orientation, turned by {angle:.3g} degrees"
        if wrong:
            raise DataError(
                f"it has {wrong}, so it is not a slice of the stack of {path.name}", where=other_path, fix=_EXPORT
            )


def _by_place(images: Mapping[Path, DicomImage]) -> list[list[DicomImage]]:
    """Group the images by slice, in order of time, and order the slices along the normal of their plane."""
    by_place: dict[int, list[tuple[int, str, DicomImage]]] = defaultdict(list)
    for path, image in images.items():
        place = round((image.position_mm or 0.0) / _SAME_PLACE_MM)
        near = next((known for known in (place, place - 1, place + 1) if known in by_place), place)
        by_place[near].append((image.instance if image.instance is not None else 0, path.name, image))
    return [[image for *_, image in sorted(by_place[place], key=lambda item: item[:2])] for place in sorted(by_place)]


def _distance_mm(folder: Path, slices: Sequence[Sequence[DicomImage]]) -> float:
    """Distance between slice centres.

    Raises:
        DataError: The distance is unknown or not uniform.
    """
    places = [of_slice[0].position_mm or 0.0 for of_slice in slices]
    if len(places) == 1:
        if (told := slices[0][0].slice_distance_mm) is not None:
            return told
        raise DataError(
            "it is a single slice without SpacingBetweenSlices (0018,0088), so its spacing is not known",
            where=folder,
            fix="export the whole stack, or set the tag",
        )
    gaps = np.diff(places)
    middle = float(np.median(gaps))
    if np.abs(gaps - middle).max() > _UNEVEN * middle:
        raise DataError(
            f"its slices are {gaps.min():.4g} to {gaps.max():.4g} mm apart: one is missing, or there are two stacks",
            where=folder,
            fix=_EXPORT,
        )
    return round(float(places[-1] - places[0]) / len(gaps), 6)


def _to_nifti(first: DicomImage, distance_mm: float) -> NDArray[np.float64]:
    """The affine from column, row and slice to mm. NIfTI's axes point right and front, DICOM's point left and back."""
    assert first.affine is not None
    affine = first.affine.copy()
    affine[:3, 2] *= distance_mm
    return np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine
