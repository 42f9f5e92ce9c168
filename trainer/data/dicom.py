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
    """Read one image; compressed ones with the decoders that are installed with the trainer.

    Raises:
        DataError: It is missing, unreadable or not one grey image.
    """
    try:
        with warnings.catch_warnings():
            # Public copies of Sunnybrook have identifiers that the standard does not allow; of a
            # damaged file pydicom warns before it fails.
            warnings.simplefilter("ignore")
            dataset = _dataset(path)
            pixels = _stored(dataset, path)
            spacing = _spacing_mm(dataset, path)
            slope, intercept = _rescale(dataset, path)
            position = _position_mm(dataset)
            distance, instance = _number(dataset, "SpacingBetweenSlices"), _number(dataset, "InstanceNumber")
    except DataError:
        raise
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


def _dataset(path: Path) -> pydicom.Dataset:
    """The file, also without the preamble and file header of PS3.10, which older exports leave out."""
    try:
        return pydicom.dcmread(path)
    except pydicom.errors.InvalidDicomError as error:
        dataset = pydicom.dcmread(path, force=True)
        if "Rows" not in dataset or "PixelData" not in dataset:
            raise error
        if "TransferSyntaxUID" not in dataset.file_meta:
            implicit, little = dataset.original_encoding
            if implicit:
                syntax = pydicom.uid.ImplicitVRLittleEndian
            else:
                syntax = pydicom.uid.ExplicitVRLittleEndian if little else pydicom.uid.ExplicitVRBigEndian
            dataset.file_meta.TransferSyntaxUID = syntax
        return dataset


def _stored(dataset: pydicom.Dataset, path: Path) -> NDArray[np.generic]:
    """Stored values, turned so that a larger one is brighter.

    PS3.3 C.7.6.3.1.2: the smallest value of MONOCHROME1 is shown as white.
    """
    photometric = str(dataset.get("PhotometricInterpretation", "") or "MONOCHROME2").strip().upper()
    if photometric not in ("MONOCHROME1", "MONOCHROME2"):
        raise DataError(
            f"its PhotometricInterpretation (0028,0004) is {photometric}, not that of a grey image",
            where=path,
            fix="export the original grey images",
        )
    pixels: NDArray[np.generic] = dataset.pixel_array
    if photometric == "MONOCHROME2":
        return pixels
    if pixels.dtype.kind == "f":
        return np.asarray(-pixels.astype(np.float64))
    signed = int(dataset.get("PixelRepresentation", 0) or 0) == 1
    brightest = -1 if signed else (1 << int(dataset.BitsStored)) - 1
    return np.asarray(brightest - pixels.astype(np.int64))


def _rescale(dataset: pydicom.Dataset, path: Path) -> tuple[float, float]:
    """RescaleSlope and RescaleIntercept; an empty tag is one that is not there."""
    slope, intercept = _number(dataset, "RescaleSlope"), _number(dataset, "RescaleIntercept")
    if slope == 0:
        raise DataError("its RescaleSlope (0028,1053) is 0, which makes all pixels equal", where=path)
    return 1.0 if slope is None else slope, 0.0 if intercept is None else intercept


def _spacing_mm(dataset: pydicom.Dataset, path: Path) -> tuple[float, ...]:
    """PixelSpacing, in an enhanced file that of its functional groups.

    ImagerPixelSpacing and NominalScannedPixelSpacing are not distances in the patient.
    """
    spacing = dataset.get("PixelSpacing")
    for groups in ("PerFrameFunctionalGroupsSequence", "SharedFunctionalGroupsSequence"):
        for group in dataset.get(groups) or ():
            for measures in group.get("PixelMeasuresSequence") or ():
                spacing = spacing or measures.get("PixelSpacing")
    if not spacing:
        raise DataError(
            "it has no PixelSpacing (0028,0030), without which there are no areas and distances",
            where=path,
            fix="export the original images, or set the tag to the distance of rows and columns in mm",
        )
    return tuple(float(value) for value in spacing)


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
