"""Reads a scan without labels, and writes a mask that lies on the same grid as the scan."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from numpy.typing import NDArray

from gridctl_trainer.contract.errors import DataError
from gridctl_trainer.datasets.formats.nifti import content_of, kind_of, read_series, read_volume
from gridctl_trainer.datasets.formats.voxel_grid import Grid, SpacingMm
from gridctl_trainer.host.atomic_file import replacing


@dataclass(frozen=True)
class Scan:
    """One scan.

    Attributes:
        frames: (T, slices, rows, columns) float32; T is 1 for a volume.
        grid: Shape, spacing and position of the voxels, in mm.
        affine: (4, 4), maps voxel indices of the file to world coordinates.
        header: Header of the NIfTI file, from which masks take theirs.
        is_series: Whether the file has an axis of time.
        source: The file, or the folder of a DICOM series.
    """

    frames: NDArray[np.float32]
    grid: Grid
    affine: NDArray[np.float64]
    header: Any
    is_series: bool
    source: Path

    @property
    def spacing_mm(self) -> SpacingMm:
        """Distance between rows, columns and slice centres."""
        x, y, z = self.grid.spacing_mm
        return (y, x, z)


def read_nifti_scan(path: Path) -> Scan:
    """Read a volume, or a series of volumes.

    Raises:
        DataError: The file cannot be read, or does not say how its voxels lie in the patient.
    """
    content = content_of(path)
    kind = kind_of(content, path)
    header = kind.header_class(content[: kind.header_class.sizeof_hdr], check=False)
    shape = [int(length) for length in header["dim"][1 : 1 + max(0, int(header["dim"][0]))]]
    is_series = len(shape) > 3 and shape[3] > 1
    volume = read_series(path) if is_series else read_volume(path)
    if volume.grid.affine is None:
        raise DataError(
            "its sform_code and qform_code are 0, so nothing says how its voxels lie in the patient",
            where=path,
            fix="write the affine of the scan into it",
        )
    image = kind.from_bytes(content)
    pixels = volume.array.astype(np.float32)
    frames = np.ascontiguousarray(pixels if is_series else pixels[None])
    return Scan(frames, volume.grid, image.affine, image.header, is_series, path)


def write_mask(path: Path, labels: NDArray[np.uint8], scan: Scan) -> None:
    """Write labels as NIfTI with the affine, spacing and units of a scan.

    Args:
        path: A `.nii.gz` file, which is written atomically.
        labels: (T, slices, rows, columns) uint8.
        scan: The scan that the labels belong to.

    Raises:
        OSError: The file cannot be written.
    """
    axes = labels.transpose(3, 2, 1, 0)
    header = scan.header.copy()
    header.set_data_dtype(np.uint8)
    header["scl_slope"], header["scl_inter"] = 1, 0
    header["cal_min"], header["cal_max"] = 0, 0
    header["descrip"] = b""
    kind: Any = (
        nibabel.nifti2.Nifti2Image if isinstance(header, nibabel.nifti2.Nifti2Header) else nibabel.nifti1.Nifti1Image
    )
    image = kind(axes if scan.is_series else axes[..., 0], scan.affine, header)
    with replacing(path) as file:
        file.write(gzip.compress(image.to_bytes(), mtime=0))
