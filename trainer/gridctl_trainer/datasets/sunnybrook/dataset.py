"""Sunnybrook as a data set of gridctl: patients and their files, and how one is read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gridctl_trainer.datasets.base import CaseFiles
from gridctl_trainer.datasets.quality.oddities import Notice
from gridctl_trainer.datasets.quality.plausibility import judge
from gridctl_trainer.datasets.slices import LabelledSlice
from gridctl_trainer.datasets.sunnybrook.files import find_patients
from gridctl_trainer.datasets.sunnybrook.patients import PHASES_PER_SLICE, read_patient
from gridctl_trainer.plugins.dataset import DatasetOptions


class Sunnybrook:
    """The 2009 left-ventricle challenge's patients (Radau et al., 2009)."""

    def __init__(self, options: DatasetOptions) -> None:
        """It has no options."""

    def cases(self, root: Path) -> list[CaseFiles]:
        """Both time points of a patient are read together: only together they say which is which."""
        return [
            CaseFiles(
                found.patient,
                (*found.images.values(), *(path for paths in found.contours.values() for path in paths.values())),
                found,
            )
            for found in find_patients(root)
        ]

    def read(self, case: CaseFiles, frames: int, notice: Notice) -> list[LabelledSlice]:
        return read_patient(case.content, frames, notice)

    def judge(self, slices: Sequence[LabelledSlice], notice: Notice) -> None:
        judge(slices, notice)

    def require_series(self, cases: Sequence[CaseFiles], root: Path) -> None:
        """Frames that are missing are padded, one by one, when they are read."""

    def recorded_frames(self, case: CaseFiles, slices: Sequence[LabelledSlice], notice: Notice) -> int:
        """Frames of the heart's cycle that a labelled slice has files of."""
        if not slices:
            return 1
        images = sum(path.suffix.lower() != ".txt" for path in case.files)
        return min(PHASES_PER_SLICE, images // max(1, len({labelled.index for labelled in slices})))
