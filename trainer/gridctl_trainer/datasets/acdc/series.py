"""Reads the 4D file of an ACDC patient: the whole recording, two frames of which are the labelled volumes."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from gridctl_trainer.contract.errors import DataError
from gridctl_trainer.contract.wording import count as counted
from gridctl_trainer.datasets.acdc.files import frame_path, note_twin, series_path
from gridctl_trainer.datasets.formats.frame_of_series import misfit
from gridctl_trainer.datasets.formats.info_cfg import Info
from gridctl_trainer.datasets.formats.nifti import Volume, read_series, read_volume
from gridctl_trainer.datasets.quality.oddities import Notice, Oddity
from gridctl_trainer.datasets.slices import LabelledSlice
from gridctl_trainer.datasets.temporal_context import frames_before, pad_series


def check_series(folder: Path, info: Info, notice: Notice) -> int:
    """Compare the 4D file, if it exists, with Info.cfg and with the labelled frames.

    Args:
        folder: `patientNNN`.
        info: Content of the patient's Info.cfg.
        notice: Called with everything that does not fit together.

    Returns:
        Number of frames in the 4D file; 1 if there is no such file.

    Raises:
        DataError: A file is unreadable.
    """
    path = series_path(folder)
    if not path.exists():
        return 1
    series = read_recording(folder, notice)
    if info.series_frames not in (None, len(series.array)):
        notice(
            Oddity(f"it has {counted(len(series.array), 'frame')}, but Info.cfg says {info.series_frames}", str(path))
        )
    for phase, frame in info.frames.items():
        image_path = frame_path(folder, frame)
        if wrong := misfit(series, read_volume(image_path), frame, f"the {phase} volume {image_path.name}"):
            notice(Oddity(wrong, str(path), wrong=True))
    return len(series.array)


def read_recording(folder: Path, notice: Notice) -> Volume:
    """Read the 4D file of a patient.

    Raises:
        DataError: The file is missing or unreadable.
    """
    path = series_path(folder)
    note_twin(path, notice)
    return read_series(path, notice)


def with_frames_before(
    slices: Sequence[LabelledSlice], volume: Volume, recorded: Volume, frame: int, count: int, notice: Notice
) -> list[LabelledSlice]:
    """Add to each slice the frames that lead up to it. The labelled frame itself stays as read from its own file.

    Args:
        slices: All slices of one phase.
        volume: The volume that the slices come from.
        recorded: The 4D file.
        frame: Number of the labelled frame, from 1.
        count: Number of frames in each series, including the labelled one.
        notice: Called if the series had to be padded.

    Raises:
        DataError: The 4D file is not the recording that the volume comes from.
    """
    image_path, phase = slices[0].image_source, slices[0].phase
    path = series_path(image_path.parent)
    if wrong := misfit(recorded, volume, frame, f"the {phase} volume {image_path.name}"):
        raise DataError(wrong, where=path, fix="bring back the recording that the volumes come from")
    frames = recorded.array
    numbers, padded = pad_series(frames_before(frame, phase, count), range(1, len(frames) + 1))
    if padded:
        what = f"the series of {count} frames to {phase} is padded {counted(padded, 'time')} by its first, {numbers[0]}"
        notice(Oddity(what, str(path)))
    before = frames[[number - 1 for number in numbers[:-1]]].astype(np.float32)
    return [
        dataclasses.replace(labelled, series=np.concatenate([before[:, labelled.index], labelled.series]))
        for labelled in slices
    ]
