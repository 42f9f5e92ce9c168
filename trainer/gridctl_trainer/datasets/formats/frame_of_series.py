"""Checks whether a volume is one frame of a 4D series."""

from __future__ import annotations

from typing import Final

import numpy as np

from gridctl_trainer.contract.wording import count as counted
from gridctl_trainer.datasets.formats.nifti import Volume

_ROUNDING: Final = 1e-5
"""Share of the largest value by which two files of one volume may differ, as one may store integers and a slope."""


def misfit(series: Volume, image: Volume, frame: int, name: str) -> str:
    """Say why a volume is not a certain frame of a series; empty if it is.

    Args:
        series: The 4D series.
        image: The volume.
        frame: Number of the frame, from 1.
        name: What to call the volume in the sentence.
    """
    frames = series.array
    if frame > len(frames):
        return f"it has {counted(len(frames), 'frame')}, so its frame {frame} is not {name}"
    if differences := series.grid.differences(image.grid):
        return f"it is not on the grid of {name}: {'; '.join(differences)}"
    if np.allclose(frames[frame - 1], image.array, rtol=0, atol=_ROUNDING * float(np.abs(image.array).max())):
        return ""
    ranges = [f"{array.min():g} to {array.max():g}" for array in (frames[frame - 1], image.array)]
    return f"its frame {frame} is not {name}: values {ranges[0]}, there {ranges[1]}"
