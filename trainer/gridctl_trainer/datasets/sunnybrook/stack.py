"""Checks that the images of a Sunnybrook patient are slices of one stack, and frames of one slice."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np

from gridctl_trainer.contract.errors import DataError
from gridctl_trainer.datasets.formats.dicom import DicomImage
from gridctl_trainer.datasets.formats.voxel_grid import SPACING_TOLERANCE, require_same_grid, turned_degrees
from gridctl_trainer.datasets.quality.oddities import Notice, Oddity

PARALLEL_DEGREES: Final = 1.0
"""Angle up to which two slices of a stack count as parallel."""


def note_stack(images: Mapping[int, DicomImage], paths: Mapping[int, Path], notice: Notice) -> None:
    """Report images that differ from the first in matrix, spacing or orientation, and so belong to another stack.

    Args:
        images: The labelled images, by number.
        paths: Files of the images.
        notice: Called with every image that differs from the first, and by how much.
    """
    first = min(images)
    reference = images[first].grid
    for number in sorted(images):
        grid, found = images[number].grid, []
        if grid.shape != reference.shape:
            found.append(f"{_pixels(grid.shape)} pixels instead of {_pixels(reference.shape)}")
        if not np.allclose(grid.spacing_mm, reference.spacing_mm, rtol=SPACING_TOLERANCE, atol=0):
            found.append(f"PixelSpacing {_distance(grid.spacing_mm)} instead of {_distance(reference.spacing_mm)}")
        if grid.affine is not None and reference.affine is not None:
            angle = turned_degrees(grid.affine, reference.affine)
            if angle > PARALLEL_DEGREES:
                found.append(f"orientation turned by {angle:.3g} degrees")
        if found:
            what = f"it is not a slice of the stack of {paths[first].name}: {'; '.join(found)}"
            notice(Oddity(what, str(paths[number]), wrong=True))


def require_same_slice(image: DicomImage, path: Path, labelled: DicomImage, labelled_path: Path) -> None:
    """Refuse a frame of a series that shows another slice than the labelled frame.

    Args:
        image: The frame.
        path: File of the frame.
        labelled: The labelled frame.
        labelled_path: File of the labelled frame.

    Raises:
        DataError: The frame has another matrix, spacing, orientation or position.
    """
    if image.pixels.shape != labelled.pixels.shape:
        raise DataError(f"its shape {image.pixels.shape} is not that of the labelled frame", where=path)
    require_same_grid(image.grid, path, labelled.grid, labelled_path, "bring back the images of this series")


def _pixels(shape: tuple[int, int, int]) -> str:
    return f"{shape[1]} x {shape[0]}"


def _distance(spacing_mm: tuple[float, float, float]) -> str:
    return f"{spacing_mm[1]:.5g} x {spacing_mm[0]:.5g} mm"
