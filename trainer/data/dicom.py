"""One DICOM image, read so that a broken file is named."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import NDArray

from trainer.contract.errors import DataError


@dataclass(frozen=True, slots=True)
class DicomImage:
    """One image of a series.

    Attributes:
        pixels: (rows, columns) float32, stored values after the rescale tags, if there are any.
        spacing_mm: Distance of rows and of columns.
        position_mm: Along the normal of the image plane; None if the file does not say.
    """

    pixels: NDArray[np.float32]
    spacing_mm: tuple[float, float]
    position_mm: float | None


def read_dicom(path: Path) -> DicomImage:
    """Read one image; compressed ones as far as pydicom's decoders go.

    Raises:
        DataError: It is missing, unreadable or not one grey image.
    """
    try:
        with warnings.catch_warnings():
            # Public copies of Sunnybrook have identifiers that the standard does not allow.
            warnings.filterwarnings("ignore", message="Invalid value for VR")
            dataset = pydicom.dcmread(path)
            pixels = dataset.pixel_array
            spacing = tuple(float(value) for value in dataset.PixelSpacing)
            slope, intercept = float(dataset.get("RescaleSlope", 1)), float(dataset.get("RescaleIntercept", 0))
            position = _position_mm(dataset)
    except FileNotFoundError:
        raise DataError("the file is missing", where=path) from None
    except Exception as error:  # what a damaged file makes pydicom and its decoders raise has no common base
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise DataError(f"not a readable DICOM image: {reason}", where=path) from None
    if pixels.ndim != 2 or 0 in pixels.shape:
        raise DataError(f"its shape is {pixels.shape}, not that of one grey image", where=path)
    if len(spacing) != 2 or not all(np.isfinite(value) and value > 0 for value in spacing):
        raise DataError(f"its PixelSpacing is {spacing}, not two positive numbers", where=path)
    scaled = pixels.astype(np.float32) * np.float32(slope) + np.float32(intercept)
    if not np.isfinite(scaled).all():
        raise DataError("it holds values that are not finite", where=path)
    return DicomImage(scaled, (spacing[0], spacing[1]), position)


def _position_mm(dataset: pydicom.Dataset) -> float | None:
    orientation, position = dataset.get("ImageOrientationPatient"), dataset.get("ImagePositionPatient")
    if orientation is None or position is None or len(orientation) != 6 or len(position) != 3:
        return None
    row, column = np.array(orientation[:3], dtype=float), np.array(orientation[3:], dtype=float)
    return float(np.dot(np.cross(row, column), np.array(position, dtype=float)))
