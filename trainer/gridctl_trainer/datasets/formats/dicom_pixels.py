"""Pixels of a DICOM file as rescaled values, inverted where necessary so that brighter is larger."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import pydicom
from numpy.typing import NDArray

from gridctl_trainer.contract.errors import DataError
from gridctl_trainer.datasets.formats.dicom_jpeg import decode_jpeg, is_jpeg
from gridctl_trainer.datasets.formats.dicom_tags import number

_PIXELS: Final = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")


def scaled_pixels(dataset: pydicom.Dataset, path: Path) -> NDArray[np.float64]:
    """Read the pixels and apply RescaleSlope and RescaleIntercept; an empty tag counts as absent.

    Returns:
        (rows, columns) float64.

    Raises:
        DataError: The file does not hold one greyscale image, or its slope is 0.
    """
    _require_one_grey_image(dataset, path)
    slope, intercept = number(dataset, "RescaleSlope"), number(dataset, "RescaleIntercept")
    if slope == 0:
        raise DataError("its RescaleSlope (0028,1053) is 0, which makes all pixels equal", where=path)
    stored = _decoded(dataset, path)
    if stored.ndim != 2 or 0 in stored.shape:
        raise DataError(f"its shape is {stored.shape}, not that of one grey image", where=path)
    pixels = _turned(stored, dataset) if is_inverted(dataset) else stored.astype(np.float64)
    return np.asarray(pixels * (1.0 if slope is None else slope) + (0.0 if intercept is None else intercept))


def is_inverted(dataset: pydicom.Dataset) -> bool:
    """Whether the smallest value is shown as white (PS3.3 C.7.6.3.1.2)."""
    return _photometric(dataset) == "MONOCHROME1"


def _photometric(dataset: pydicom.Dataset) -> str:
    return str(dataset.get("PhotometricInterpretation", "") or "MONOCHROME2").strip().upper()


def _require_one_grey_image(dataset: pydicom.Dataset, path: Path) -> None:
    if not any(keyword in dataset for keyword in _PIXELS):
        raise DataError("it has no pixel data", where=path, fix="is it cut off? Copy or export it again")
    if _photometric(dataset) not in ("MONOCHROME1", "MONOCHROME2"):
        raise DataError(
            f"its PhotometricInterpretation (0028,0004) is {_photometric(dataset)}, not that of a grey image",
            where=path,
            fix="export the original grey images",
        )
    frames = int(dataset.get("NumberOfFrames") or 1)
    if frames > 1:
        raise DataError(
            f"it holds {frames} frames (0028,0008), not one image",
            where=path,
            fix="export one file per image, for instance with dcm4che's emf2sf",
        )


def _decoded(dataset: pydicom.Dataset, path: Path) -> NDArray[np.generic]:
    syntax = dataset.file_meta.TransferSyntaxUID
    if not syntax.is_encapsulated:
        return np.asarray(dataset.pixel_array)
    try:
        return decode_jpeg(dataset) if is_jpeg(dataset) else np.asarray(dataset.pixel_array)
    except (ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[-1].strip()
        raise DataError(
            f"cannot decode its pixel data ({syntax.name}): {reason}",
            where=path,
            fix="copy or export it again; if viewers show it, decompress it, for instance with dcmdjpeg",
        ) from None


def _turned(stored: NDArray[np.generic], dataset: pydicom.Dataset) -> NDArray[np.float64]:
    """Invert the pixels within the range of the stored bits."""
    pixels = stored.astype(np.float64)
    if stored.dtype.kind == "f":
        return np.asarray(-pixels)
    signed = int(dataset.get("PixelRepresentation") or 0) == 1
    return np.asarray((-1 if signed else (1 << int(dataset.BitsStored)) - 1) - pixels)
