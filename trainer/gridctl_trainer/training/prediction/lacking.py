"""Errors about scans that lack frames or channels that a model reads."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from gridctl_trainer.contract.errors import DataError, Problem
from gridctl_trainer.contract.wording import count
from gridctl_trainer.training.prediction.members import Member
from gridctl_trainer.training.prediction.scans import FoundScan

NAMED_SCANS: Final = 5


class LacksFramesError(DataError):
    """A scan is a single volume, but the model reads series."""


class LacksChannelsError(DataError):
    """A scan has one channel, but the model reads several."""


def said_lacking(kind: type[DataError], scans: Sequence[FoundScan], place: Path, members: Sequence[Member]) -> Problem:
    """One message for all scans that lack what the models read.

    Args:
        kind: `LacksFramesError` or `LacksChannelsError`.
        scans: The scans.
        place: Where the scans were found.
        members: The models.
    """
    longest = max(members, key=lambda member: member.frames)
    names = ", ".join(found.source.name for found in scans[:NAMED_SCANS])
    more = f" and {len(scans) - NAMED_SCANS} more" if len(scans) > NAMED_SCANS else ""
    are = "is a single volume" if len(scans) == 1 else "are single volumes"
    if kind is LacksFramesError:
        return Problem(
            f"{names}{more} {are}, but {longest.spec.run_id} reads series of {count(longest.frames, 'frame')} that "
            "end with the segmented one",
            str(place),
            "give the whole recording: a 4D NIfTI file, a DICOM series of all phases, or NAME_frameNN.nii.gz with "
            "NAME_4d.nii.gz next to it; or predict with a run whose model has temporal: false",
        )
    channels, have = longest.channels, "has" if len(scans) == 1 else "have"
    return Problem(
        f"{names}{more} {have} one channel, but {longest.spec.run_id} reads {channels}",
        str(place),
        f"name the files of each scan NAME_0000.nii.gz to NAME_{channels - 1:04d}.nii.gz, as nnU-Net does, or give "
        "each channel a folder with files of the same names: the channels have the order of the folders' names",
    )
