"""Reads NIfTI-1 and NIfTI-2 files, gzipped or not; an error names the broken file."""

from __future__ import annotations

import dataclasses
import gzip
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import nibabel
import numpy as np
from numpy.typing import NDArray

from gridctl_trainer.contract.errors import DataError
from gridctl_trainer.datasets.formats.voxel_grid import Grid, SpacingMm, farthest_mm, same_place
from gridctl_trainer.datasets.quality.oddities import Notice, Oddity, ignore

_SPACING_MM: Final = (0.01, 100.0)
_LARGEST_INTENSITY: Final = 1e9
_UNITS: Final = {0: ("mm", 1.0), 1: ("m", 1000.0), 2: ("mm", 1.0), 3: ("micrometres", 0.001)}
"""Name and length in mm of each unit code. Files without a unit, such as ACDC's, mean mm."""

_GZIP: Final = b"\x1f\x8b"
_DAMAGED: Final = "copy or unpack the file again"
_AFFINE: Final = "write the affine of the scan into it"
_ONE_FILE: Final = "save the pair of .hdr and .img as one .nii.gz, for instance with nibabel"

_KINDS: Final[dict[bytes, Any]] = {b"n+1": nibabel.nifti1.Nifti1Image, b"n+2": nibabel.nifti2.Nifti2Image}
"""Classes for single-file images, by the magic bytes of the header."""


@dataclass(frozen=True)
class Volume:
    """Content of a NIfTI file.

    Attributes:
        array: (slices, rows, columns) for a volume, (frames, slices, rows, columns) for a series; the file stores
            the axes as x, y, z and t.
        grid: Shape, spacing and position of the voxels.
    """

    array: NDArray[Any]
    grid: Grid

    @property
    def spacing_mm(self) -> SpacingMm:
        """Distance between rows, columns and slices in mm."""
        x, y, z = self.grid.spacing_mm
        return (y, x, z)


def read_volume(path: Path, notice: Notice = ignore) -> Volume:
    """Read a 3D volume; further axes of length one are dropped.

    Args:
        path: A `.nii.gz` or `.nii` file.
        notice: Called with everything odd about the file.

    Raises:
        DataError: The file is missing, unreadable, not 3D or empty, or its spacing is impossible.
    """
    array, grid = _read(path, axes=3, notice=notice)
    return Volume(np.ascontiguousarray(array.transpose(2, 1, 0)), grid)


def read_series(path: Path, notice: Notice = ignore) -> Volume:
    """Read a 4D file; further axes of length one are dropped.

    Args:
        path: A `.nii.gz` or `.nii` file.
        notice: Called with everything odd about the file.

    Raises:
        DataError: The file is missing, unreadable, not 4D or empty, or its spacing is impossible.
    """
    array, grid = _read(path, axes=4, notice=notice)
    return Volume(array.transpose(3, 2, 1, 0), grid)


def content_of(path: Path) -> bytes:
    """Read the content of a file and unpack it if it is gzipped, whatever its name.

    Raises:
        DataError: The file is missing or damaged.
    """
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if content.startswith(_GZIP) else content
    except FileNotFoundError:
        raise DataError("the file is missing", where=path, fix=_other_format(path)) from None
    except OSError as error:
        raise DataError(f"cannot read it: {error.strerror or error}", where=path, fix=_DAMAGED) from None
    except (EOFError, zlib.error) as error:
        raise DataError(f"not a readable NIfTI file: {_first_line(error)}", where=path, fix=_DAMAGED) from None


def require_intensities(array: NDArray[Any], path: Path) -> None:
    """Refuse pixel values that would break preprocessing.

    Raises:
        DataError: Some values are not finite, or larger than any scanner produces.
    """
    low, high = float(array.min()), float(array.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        raise DataError(
            f"{int((~np.isfinite(array)).sum())} of its values are not finite numbers",
            where=path,
            fix="find out where they come from, and export it again without NaN and infinity",
        )
    if max(-low, high) > _LARGEST_INTENSITY:
        raise DataError(f"its values reach from {low:g} to {high:g}, which no scanner produces", where=path)


def _read(path: Path, axes: int, notice: Notice) -> tuple[NDArray[Any], Grid]:
    content = content_of(path)
    kind = kind_of(content, path)
    try:
        # Read the header unchecked first, as nibabel silently replaces impossible values.
        header = kind.header_class(content[: kind.header_class.sizeof_hdr], check=False)
        spacing_mm, unit_mm = _spacing_mm(header, path)
        _require_grey(header, path)
        image = kind.from_bytes(content)
        array = np.asanyarray(image.dataobj)
    except DataError:
        raise
    except Exception as error:  # nibabel raises exceptions without a common base for damaged files
        raise DataError(f"not a readable NIfTI file: {_first_line(error)}", where=path, fix=_DAMAGED) from None
    while array.ndim > axes and array.shape[-1] == 1:
        array = array[..., 0]
    if array.ndim != axes or 0 in array.shape:
        wanted = "a volume" if axes == 3 else "a series of volumes"
        raise DataError(f"its shape is {array.shape}, not that of {wanted}", where=path)
    require_intensities(array, path)
    grid = Grid(array.shape[:3], spacing_mm, None)
    return array, _placed(grid, image.header, unit_mm, path, notice)


def kind_of(content: bytes, path: Path) -> Any:
    """Find the class that reads a file by its magic bytes, which lie elsewhere in NIfTI-1 than in NIfTI-2.

    Args:
        content: Unpacked content of the file.
        path: The file, for messages.

    Raises:
        DataError: The file is not NIfTI, or is the header of a pair of files.
    """
    size = {content[:4], content[3::-1]}
    magic = content[4:7] if (540).to_bytes(4, "big") in size else content[344:347]
    if magic in (b"ni1", b"ni2"):
        raise DataError("it is the header of a pair of files", where=path, fix=_ONE_FILE)
    if magic not in _KINDS:
        what = "it is empty" if not content else "not a NIfTI file: it begins with no header of NIfTI-1 or NIfTI-2"
        raise DataError(what, where=path, fix=_DAMAGED)
    return _KINDS[magic]


def _require_grey(header: Any, path: Path) -> None:
    dtype = header.get_data_dtype()
    if dtype.kind not in "uif":
        name = header.get_value_label("datatype")
        raise DataError(
            f"its voxels are of type {name}, not one grey value each",
            where=path,
            fix="export the magnitude as one grey value per voxel",
        )


def _spacing_mm(header: Any, path: Path) -> tuple[SpacingMm, float]:
    """Distances along x, y and z from the field pixdim, and the length in mm of the file's unit.

    Raises:
        DataError: The distances are implausible, or the unit is unknown.
    """
    code = int(header["xyzt_units"]) % 8
    if code not in _UNITS:
        raise DataError(f"its xyzt_units is {code}, which is not a unit of length", where=path, fix="set it to 2 (mm)")
    unit, unit_mm = _UNITS[code]
    raw = tuple(float(value) for value in header["pixdim"][1:4])
    x, y, z = (round(value * unit_mm, 6) if unit_mm != 1 else value for value in raw)
    if not all(_SPACING_MM[0] <= value <= _SPACING_MM[1] for value in (x, y, z)):
        raise DataError(
            f"its pixdim has a spacing of {' x '.join(f'{value:g}' for value in raw)} {unit}, "
            "which no scanner produces",
            where=path,
            fix="set pixdim and xyzt_units to the distances of the voxels as scanned",
        )
    return (x, y, z), unit_mm


def _placed(grid: Grid, header: Any, unit_mm: float, path: Path, notice: Notice) -> Grid:
    """Place the grid by the sform, or else by the qform; a form whose code is 0 does not count.

    Raises:
        DataError: The affine is invalid or contradicts the spacing.
    """
    try:
        sform, qform = header.get_sform(coded=True)[0], header.get_qform(coded=True)[0]
    except Exception as error:  # the quaternion is invalid
        raise DataError(f"its qform is not a valid position: {_first_line(error)}", where=path, fix=_AFFINE) from None
    affine = sform if sform is not None else qform
    if affine is None:
        return grid
    lengths = np.linalg.norm(affine[:3, :3], axis=0)
    if not np.isfinite(affine).all() or abs(float(np.linalg.det(affine[:3, :3]))) <= 1e-6 * float(np.prod(lengths)):
        raise DataError("its affine is not a valid position", where=path, fix=_AFFINE)
    # In ACDC's published files these lengths are 1, whatever the spacing.
    if not np.allclose(lengths, 1, rtol=1e-3) and not np.allclose(lengths * unit_mm, grid.spacing_mm, rtol=0.01):
        said = " x ".join(f"{length * unit_mm:.5g}" for length in lengths)
        pixdim = " x ".join(f"{value:.5g}" for value in grid.spacing_mm)
        raise DataError(
            f"its sform has a spacing of {said} mm, but its pixdim one of {pixdim} mm",
            where=path,
            fix="make both say the spacing of the voxels as they are now",
        )
    if sform is not None and qform is not None:
        apart_mm = farthest_mm(qform, sform, grid)
        if not same_place(apart_mm, grid):
            what = f"its sform and qform place voxels up to {apart_mm:.3g} mm apart: the sform is used"
            notice(Oddity(what, str(path)))
    return dataclasses.replace(grid, affine=np.diag([unit_mm, unit_mm, unit_mm, 1.0]) @ affine)


def _other_format(path: Path) -> str:
    header = path.with_name(path.name.removesuffix(".gz").removesuffix(".nii") + ".hdr")
    return _ONE_FILE if header.exists() or Path(f"{header}.gz").exists() else "unpack the data set again"


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
