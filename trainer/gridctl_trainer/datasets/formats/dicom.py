"""Reads one DICOM image; an error names the broken file."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import NDArray

from gridctl_trainer.contract.errors import DataError
from gridctl_trainer.datasets.formats.dicom_pixels import is_inverted, scaled_pixels
from gridctl_trainer.datasets.formats.dicom_tags import number, value_of
from gridctl_trainer.datasets.formats.nifti import require_intensities
from gridctl_trainer.datasets.formats.voxel_grid import Affine, Grid


@dataclass(frozen=True, slots=True)
class DicomImage:
    """One image of a series.

    Attributes:
        pixels: (rows, columns) float32 stored values after applying the rescale tags, if any; brighter is larger.
        spacing_mm: Distance between rows and between columns.
        position_mm: Position along the normal of the image plane; None if the file does not give it.
        slice_distance_mm: Value of the tag SpacingBetweenSlices; None if the file does not give it.
        instance: InstanceNumber; None if the file does not give it.
        inverted: Whether the file stores bright pixels as small values (MONOCHROME1). `pixels` is already corrected.
        affine: (4, 4), maps column, row and mm along the normal to mm in the patient; None if the file does not
            give it.
    """

    pixels: NDArray[np.float32]
    spacing_mm: tuple[float, float]
    position_mm: float | None
    slice_distance_mm: float | None = None
    instance: int | None = None
    inverted: bool = False
    affine: Affine | None = None

    @property
    def grid(self) -> Grid:
        """The grid of a volume with this image as its only slice; the third axis is the normal, in mm."""
        (rows, columns), (y, x) = self.pixels.shape, self.spacing_mm
        return Grid((columns, rows, 1), (x, y, 1.0), self.affine)


def read_dicom(path: Path) -> DicomImage:
    """Read one image. Compressed images are decoded with the codecs that are installed with the trainer.

    Raises:
        DataError: The file is missing, unreadable or not one greyscale image.
    """
    try:
        with warnings.catch_warnings():
            # Public copies of Sunnybrook have identifiers that the standard does not allow, and pydicom warns of a
            # damaged file before it fails.
            warnings.simplefilter("ignore")
            dataset = _dataset(path)
            pixels = scaled_pixels(dataset, path)
            spacing = _spacing_mm(dataset, path)
            affine = _affine(dataset, spacing)
            distance, instance = number(dataset, "SpacingBetweenSlices"), number(dataset, "InstanceNumber")
            inverted = is_inverted(dataset)
    except DataError:
        raise
    except FileNotFoundError:
        raise DataError("the file is missing", where=path) from None
    except OSError as error:
        raise DataError(f"cannot read it: {error.strerror or error}", where=path) from None
    except Exception as error:  # pydicom and its decoders raise exceptions without a common base for damaged files
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise DataError(f"not a readable DICOM image: {reason}", where=path, fix="copy or export it again") from None
    require_intensities(pixels, path)
    return DicomImage(
        pixels.astype(np.float32),
        spacing,
        _position_mm(affine),
        distance if distance and distance > 0 else None,
        int(instance) if instance is not None else None,
        inverted,
        affine,
    )


def _dataset(path: Path) -> pydicom.Dataset:
    """Read a file. The preamble and file header of PS3.10 may be missing, as older exports leave them out."""
    try:
        return pydicom.dcmread(path)
    except pydicom.errors.InvalidDicomError:
        dataset = pydicom.dcmread(path, force=True)
        if "Rows" not in dataset or "PixelData" not in dataset:
            raise ValueError("it has neither the header of a DICOM file nor an image") from None
        if "TransferSyntaxUID" not in dataset.file_meta:
            implicit, little = dataset.original_encoding
            if implicit:
                syntax = pydicom.uid.ImplicitVRLittleEndian
            else:
                syntax = pydicom.uid.ExplicitVRLittleEndian if little else pydicom.uid.ExplicitVRBigEndian
            dataset.file_meta.TransferSyntaxUID = syntax
        return dataset


def _spacing_mm(dataset: pydicom.Dataset, path: Path) -> tuple[float, float]:
    """PixelSpacing. ImagerPixelSpacing and NominalScannedPixelSpacing are not distances within the patient."""
    value = value_of(dataset, "PixelSpacing")
    if value is None:
        raise DataError(
            "it has no PixelSpacing (0028,0030), without which areas and distances are unknown",
            where=path,
            fix="export the original images, or set the tag to the distance of rows and columns in mm",
        )
    spacing = tuple(float(one) for one in np.atleast_1d(value))
    if len(spacing) != 2 or not all(0.01 <= one <= 100 for one in spacing):
        raise DataError(f"its PixelSpacing (0028,0030) is {spacing} mm, which no scanner produces", where=path)
    return spacing[0], spacing[1]


def _affine(dataset: pydicom.Dataset, spacing_mm: tuple[float, float]) -> Affine | None:
    """The affine from column, row and mm along the normal to the patient (PS3.3 C.7.6.2.1.1)."""
    orientation, position = value_of(dataset, "ImageOrientationPatient"), value_of(dataset, "ImagePositionPatient")
    if np.size(orientation) != 6 or np.size(position) != 3:
        return None
    row, column = np.array(orientation[:3], dtype=float), np.array(orientation[3:], dtype=float)
    affine = np.eye(4)
    affine[:3] = np.stack(
        [row * spacing_mm[1], column * spacing_mm[0], np.cross(row, column), np.array(position, dtype=float)], axis=1
    )
    return affine if np.isfinite(affine).all() and np.linalg.det(affine) > 0 else None


def _position_mm(affine: Affine | None) -> float | None:
    return float(np.dot(affine[:3, 2], affine[:3, 3])) if affine is not None else None
