"""Names of the files of one ACDC patient, and which of two is taken."""

from __future__ import annotations

from pathlib import Path

from gridctl_trainer.contract.errors import DataError
from gridctl_trainer.datasets.file_tree import same_name
from gridctl_trainer.datasets.formats.nifti import content_of
from gridctl_trainer.datasets.quality.oddities import Notice, Oddity


def frame_path(folder: Path, frame: int) -> Path:
    """The volume of one frame: `.nii.gz` as published, or unpacked `.nii`."""
    return _packed_or_not(folder / f"{folder.name}_frame{frame:02d}.nii.gz")


def series_path(folder: Path) -> Path:
    """The 4D file."""
    return _packed_or_not(folder / f"{folder.name}_4d.nii.gz")


def label_path(image_path: Path) -> Path:
    """Where the labels of a volume are: `..._gt.nii.gz` beside it."""
    packed = image_path.name.removesuffix(".gz").removesuffix(".nii") + "_gt.nii.gz"
    return _packed_or_not(image_path.with_name(packed))


def note_twin(path: Path, notice: Notice) -> None:
    """Say that a volume lies there twice, as `.nii.gz` and as `.nii`, and that this one is taken.

    Raises:
        DataError: The two differ, so that nobody knows which one is meant.
    """
    twin = same_name(path.with_suffix("")) if path.suffix.lower() == ".gz" else None
    if twin is None or not twin.is_file():
        return
    if content_of(twin) != content_of(path):
        raise DataError(
            f"{path.name} lies beside it and holds something else",
            where=twin,
            fix="keep the one that is right, and move the other away",
        )
    notice(Oddity(f"{twin.name} lies beside it with the same content: this one is taken", str(path)))


def _packed_or_not(path: Path) -> Path:
    return same_name(path) or same_name(path.with_suffix("")) or path
