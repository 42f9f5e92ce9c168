"""Reads all that models need of a scan: its channels, and the frames before each segmented frame."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gridctl_trainer.contract.errors import DataError
from gridctl_trainer.contract.wording import count as counted
from gridctl_trainer.datasets.file_tree import same_name
from gridctl_trainer.datasets.formats.frame_of_series import misfit
from gridctl_trainer.datasets.formats.info_cfg import info_path, read_info
from gridctl_trainer.datasets.formats.nifti import read_series, read_volume
from gridctl_trainer.datasets.formats.scan import Scan
from gridctl_trainer.datasets.formats.voxel_grid import require_same_grid
from gridctl_trainer.datasets.temporal_context import frames_before, pad_series
from gridctl_trainer.training.prediction.lacking import LacksChannelsError, LacksFramesError
from gridctl_trainer.training.prediction.scans import FoundScan, stem_of

_FRAME: Final = re.compile(r"(?P<recording>.+)_frame(?P<number>\d+)")
"""The name of an ACDC volume, whose recording lies next to it: `patient001_frame01` and `patient001_4d`."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A scan as models read it.

    Attributes:
        scan: The first channel, whose grid the masks have.
        images: (T, C, slices, rows, columns) float32, all known frames.
        wanted: Numbers of the frames to segment, from 1: one for each frame of the scan.
        diastole: Number of the end-diastolic frame.
        closed: Whether the first frame follows the last, as in a recording of a whole cycle.
    """

    scan: Scan
    images: NDArray[np.float32]
    wanted: tuple[int, ...]
    diastole: int
    closed: bool

    def numbers(self, frame: int, length: int) -> tuple[list[int], int]:
        """The numbers of the frames that a model reads to segment a frame, and how many of them are padding.

        As in training, time runs backward to the end-diastolic frame, and forward to every other frame.

        Args:
            frame: Number of the frame to segment, from 1.
            length: Number of frames that the model reads.
        """
        wanted = frames_before(frame, "ED" if frame == self.diastole else "ES", length)
        whole = len(self.images)
        if self.closed and length <= whole:
            return [(number - 1) % whole + 1 for number in wanted], 0
        return pad_series(wanted, range(1, whole + 1))

    def series(self, frame: int, length: int) -> NDArray[np.float32]:
        """The series that a model reads to segment a frame, (length, C, slices, rows, columns), that frame last."""
        numbers, _ = self.numbers(frame, length)
        found: NDArray[np.float32] = self.images[[number - 1 for number in numbers]]
        return found


def read_recording(
    found: FoundScan, length: int, channels: int, diastole: int | None, notice: Callable[[str], None]
) -> Recording:
    """Read all that models need of a scan.

    Args:
        found: The scan.
        length: Number of frames in the longest series that a model reads.
        channels: Number of channels of the images that the models read.
        diastole: Number of the end-diastolic frame if the scan does not say it; None for the first frame.
        notice: Receives the assumptions that were made.

    Raises:
        LacksFramesError: The scan is a single volume, and its recording was not found.
        LacksChannelsError: The scan does not have that many channels.
        DataError: The scan cannot be read, or its spacing or orientation is unknown.
    """
    scan = found.read()
    if not found.others:
        scan, images = _channels_of_one_file(scan, channels) if channels > 1 else (scan, scan.frames[:, None])
    else:
        images = np.stack([scan.frames, *(_further(other, scan) for other in found.others)], axis=1)
    number = 1
    if length > 1 and not scan.is_series:
        images, number = _from_recordings(found, scan, images)
    known = _diastole(scan.source) if length > 1 else 1
    if length > 1 and known is None:
        known = diastole or 1
        said = "" if diastole else ": use --end-diastole FRAME to name another"
        notice(f"frame {known} is taken for end-diastole, to which time runs backward in a model's series{said}")
    if known is not None and known > len(images):
        raise DataError(
            f"it has {counted(len(images), 'frame')}, so none of them is end-diastole, frame {known}",
            where=found.source,
            fix="correct --end-diastole, or Info.cfg next to it",
        )
    wanted = tuple(range(1, len(images) + 1)) if scan.is_series else (number,)
    recording = Recording(scan, images, wanted, known or 1, bool(found.images))
    padded = sum(recording.numbers(frame, length)[1] > 0 for frame in wanted)
    if padded:
        notice(
            f"for {counted(padded, 'frame')}, the series of {length} frames begins before the scan: padded as in "
            "training"
        )
    return recording


def _channels_of_one_file(scan: Scan, channels: int) -> tuple[Scan, NDArray[np.float32]]:
    """Read a file whose fourth axis holds the channels, as in the Medical Segmentation Decathlon."""
    if not (scan.is_series and len(scan.frames) == channels) or scan.source.is_dir():
        raise LacksChannelsError("it has one channel", where=scan.source)
    return dataclasses.replace(scan, is_series=False, frames=scan.frames[:1]), scan.frames[None]


def _further(other: FoundScan, first: Scan) -> NDArray[np.float32]:
    scan = other.read()
    require_same_grid(scan.grid, scan.source, first.grid, first.source, "resample all channels of a scan onto one grid")
    if len(scan.frames) != len(first.frames):
        said = f"{counted(len(scan.frames), 'frame')}, but {first.source.name} has {len(first.frames)}"
        raise DataError(f"it has {said}", where=scan.source, fix="give all channels of the same frames")
    return scan.frames


def _from_recordings(found: FoundScan, scan: Scan, images: NDArray[np.float32]) -> tuple[NDArray[np.float32], int]:
    """All frames of the recording of a volume, from the 4D file next to it.

    Returns:
        The frames, (T, C, slices, rows, columns) float32, with the volume's own frame from its own file; and the number
        of that frame.
    """
    recorded, numbers = [], set()
    for channel in (found, *found.others):
        match = _FRAME.fullmatch(stem_of(channel.source))
        path = match and _beside(channel.source, f"{match['recording']}_4d")
        if not match or not path or int(match["number"]) < 1:
            raise LacksFramesError("it is a single volume", where=scan.source)
        series, number = read_series(path), int(match["number"])
        if wrong := misfit(series, read_volume(channel.source), number, channel.source.name):
            raise DataError(wrong, where=path, fix="restore the recording that the volume is from")
        recorded.append(series.array.astype(np.float32))
        numbers.add(number)
    if len(numbers) > 1 or len({len(series) for series in recorded}) > 1:
        raise DataError("its channels are different frames, or from different recordings", where=scan.source)
    number = numbers.pop()
    whole = np.stack(recorded, axis=1)
    whole[number - 1] = images[0]
    return whole, number


def _beside(path: Path, stem: str) -> Path | None:
    return same_name(path.with_name(f"{stem}.nii.gz")) or same_name(path.with_name(f"{stem}.nii"))


def _diastole(source: Path) -> int | None:
    """The end-diastolic frame according to ACDC's Info.cfg next to a scan; None if there is no such file.

    Raises:
        DataError: Info.cfg is damaged.
    """
    folder = source if source.is_dir() else source.parent
    path = info_path(folder)
    return read_info(path).frames["ED"] if path.is_file() else None
