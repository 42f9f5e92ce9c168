"""One DICOM image, read so that a broken file is named."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import NDArray

from trainer.contract.errors import DataError
from trainer.data.nifti import require_intensities


@dataclass(frozen=True, slots=True)
class DicomImage:
    """One image of a series.

    Attributes:
        pixels: (rows, columns) float32, stored values after the rescale tags, if there are any.
        spacing_mm: Distance of rows and of columns.
        position_mm: Along the normal of the image plane; None if the file does not say.
        slice_distance_mm: As the tag SpacingBetweenSlices has it; None if the file does not say.
        instance: InstanceNumber; None if the file does not say.
    """

    pixels: NDArray[np.float32]
    spacing_mm: tuple[float, float]
    position_mm: float | None
    slice_distance_mm: float | None = None
    instance: int | None = None


def read_dicom(path: Path) -> DicomImage:
    """Read one image; compressed ones as far as pydicom's decoders go.

    Raises:
        DataError: It is missing, unreadable or not one grey image.
    """
    try:
        with warnings.catch_warnings():
            # Public copies of Sunnybrook have identifiers that the standard does not allow; of a
            # damaged file pydicom warns before it fails.
            warnings.simplefilter("ignore")
            dataset = pydicom.dcmread(path)
            pixels = dataset.pixel_array
            spacing = tuple(float(value) for value in dataset.PixelSpacing)
            slope, intercept = float(dataset.get("RescaleSlope", 1)), float(dataset.get("RescaleIntercept", 0))
            position = _position_mm(dataset)
            distance, instance = _number(dataset, "SpacingBetweenSlices"), _number(dataset, "InstanceNumber")
    except FileNotFoundError:
        raise DataError("the file is missing", where=path) from None
    except Exception as error:  # what a damaged file makes pydicom and its decoders raise has no common base
        reason = (str(error) or type(error).__name__).splitlines()[0]
        unpack = "decompress it, for instance with `dcmdjpeg` or `gdcmconv --raw`" if "decompress" in reason else ""
        raise DataError(f"not a readable DICOM image: {reason}", where=path, fix=unpack) from None
    if pixels.ndim != 2 or 0 in pixels.shape:
        raise DataError(f"its shape is {pixels.shape}, not that of one grey image", where=path)
    if len(spacing) != 2 or not all(0.01 <= value <= 100 for value in spacing):
        raise DataError(f"its PixelSpacing is {spacing} mm, which no scanner gives", where=path)
    scaled = pixels.astype(np.float64) * slope + intercept
    require_intensities(scaled, path)
    return DicomImage(
        scaled.astype(np.float32),
        (spacing[0], spacing[1]),
        position,
        distance if distance and distance > 0 else None,
        int(instance) if instance is not None else None,
    )


def _number(dataset: pydicom.Dataset, keyword: str) -> float | None:
    value = dataset.get(keyword)
    number = float(value) if value not in (None, "") else None
    return number if number is not None and np.isfinite(number) else None


def _position_mm(dataset: pydicom.Dataset) -> float | None:
    orientation, position = dataset.get("ImageOrientationPatient"), dataset.get("ImagePositionPatient")
    if orientation is None or position is None or len(orientation) != 6 or len(position) != 3:
        return None
    row, column = np.array(orientation[:3], dtype=float), np.array(orientation[3:], dtype=float)
    along = float(np.dot(np.cross(row, column), np.array(position, dtype=float)))
    return along if np.isfinite(along) else None
