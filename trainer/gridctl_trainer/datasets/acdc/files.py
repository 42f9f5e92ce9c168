"""Names of one ACDC patient's files, and the choice between packed and unpacked copies."""

from __future__ import annotations

from pathlib import Path

from gridctl_trainer.contract.errors import DataError
from gridctl_trainer.datasets.file_tree import same_name
from gridctl_trainer.datasets.formats.nifti import content_of
from gridctl_trainer.datasets.quality.oddities import Notice, Oddity


def frame_path(folder: Path, frame: int) -> Path:
    """Path of the volume of one frame: `.nii.gz` as published, or unpacked `.nii`."""
    return _packed_or_not(folder / f"{folder.name}_frame{frame:02d}.nii.gz")


def series_path(folder: Path) -> Path:
    """Path of the 4D file."""
    return _packed_or_not(folder / f"{folder.name}_4d.nii.gz")


def label_path(image_path: Path) -> Path:
    """Path of the labels of a volume: `..._gt.nii.gz` beside it."""
    packed = image_path.name.removesuffix(".gz").removesuffix(".nii") + "_gt.nii.gz"
    return _packed_or_not(image_path.with_name(packed))


def note_twin(path: Path, notice: Notice) -> None:
    """Report that a volume exists both as `.nii.gz` and as `.nii`, and that the packed one is used.

    Raises:
        DataError: The two files differ, so it is unclear which one is meant.
    """
    twin = same_name(path.with_suffix("")) if path.suffix.lower() == ".gz" else None
    if twin is None or not twin.is_file():
        return
    if content_of(twin) != content_of(path):
        raise DataError(
            f"{path.name} lies beside it and has different content",
            where=twin,
            fix="keep the right one, and move the other away",
        )
    notice(Oddity(f"{twin.name} lies beside it with the same content; this one is used", str(path)))


def _packed_or_not(path: Path) -> Path:
    return same_name(path) or same_name(path.with_suffix("")) or path
