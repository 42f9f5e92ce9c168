"""NIfTI files as ACDC has them: spacing in the header's zooms, none in the affine."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import nibabel
import numpy as np
from numpy.typing import NDArray

from trainer.contract.errors import DataError

_SPACING_MM: Final = (0.01, 100.0)
_LARGEST_INTENSITY: Final = 1e9

SpacingMm = tuple[float, float, float]


def read_volume(path: Path) -> tuple[NDArray[Any], SpacingMm]:
    """Read a 3D NIfTI volume.

    Args:
        path: A `.nii.gz` or `.nii` file.

    Returns:
        The array as slices, rows, columns (the file has x, y, z), and the distances of rows,
        columns and slices in mm from the header's zooms: the affine knows none of them.

    Raises:
        DataError: It is missing, unreadable, not 3D, empty or has no positive spacing.
    """
    array, spacing_mm = _read(path, axes=3)
    return np.ascontiguousarray(array.transpose(2, 1, 0)), spacing_mm


def read_series(path: Path) -> tuple[NDArray[Any], SpacingMm]:
    """Read a 4D NIfTI file.

    Args:
        path: A `.nii.gz` or `.nii` file.

    Returns:
        The array as frames, slices, rows, columns (the file has x, y, z, t), and distances as
        those of `read_volume`.

    Raises:
        DataError: It is missing, unreadable, not 4D, empty or has no positive spacing.
    """
    array, spacing_mm = _read(path, axes=4)
    return array.transpose(3, 2, 1, 0), spacing_mm


def require_intensities(array: NDArray[Any], path: Path) -> None:
    """Refuse pixels that would not survive preprocessing.

    Raises:
        DataError: Some are not finite, or larger than any scanner's.
    """
    low, high = float(array.min()), float(array.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        raise DataError("it holds values that are not finite", where=path)
    if max(-low, high) > _LARGEST_INTENSITY:
        raise DataError(f"its values reach from {low:g} to {high:g}, which no scanner gives", where=path)


def _read(path: Path, axes: int) -> tuple[NDArray[Any], SpacingMm]:
    try:
        image = nibabel.nifti1.Nifti1Image.from_filename(path)
        zooms = tuple(float(zoom) for zoom in image.header.get_zooms())  # type: ignore[no-untyped-call]
        array = np.asanyarray(image.dataobj)
    except FileNotFoundError:
        raise DataError("the file is missing", where=path, fix="unpack the data set again") from None
    except Exception as error:  # what a damaged file makes nibabel and zlib raise has no common base
        raise DataError(f"not a readable NIfTI file: {_first_line(error)}", where=path) from None
    if array.ndim != axes or 0 in array.shape:
        wanted = "a volume" if axes == 3 else "a series of volumes"
        raise DataError(f"its shape is {array.shape}, not that of {wanted}", where=path)
    if array.dtype.kind not in "uif":
        raise DataError(f"its values are {array.dtype}, not numbers", where=path)
    if not all(_SPACING_MM[0] <= zoom <= _SPACING_MM[1] for zoom in zooms[:3]):
        raise DataError(f"its spacing is {zooms[:3]} mm, which no scanner gives", where=path)
    require_intensities(array, path)
    return array, (zooms[1], zooms[0], zooms[2])


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
