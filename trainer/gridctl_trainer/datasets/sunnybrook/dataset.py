"""Sunnybrook as a data set of gridctl: finds the patients and their files, and reads a patient."""

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
    """The patients of the 2009 left-ventricle challenge (Radau et al., 2009)."""

    def __init__(self, options: DatasetOptions) -> None:
        """Build the reader; Sunnybrook has no options."""

    def cases(self, root: Path) -> list[CaseFiles]:
        """List one case per patient: both time points are read together, as each is identified only by the other."""
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
        """Accept all cases; missing frames are padded when a case is read."""

    def recorded_frames(self, case: CaseFiles, slices: Sequence[LabelledSlice], notice: Notice) -> int:
        """Number of frames of the cardiac cycle for which a labelled slice has files."""
        if not slices:
            return 1
        images = sum(path.suffix.lower() != ".txt" for path in case.files)
        return min(PHASES_PER_SLICE, images // max(1, len({labelled.index for labelled in slices})))
