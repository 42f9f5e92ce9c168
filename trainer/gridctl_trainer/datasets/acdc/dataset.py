"""ACDC as a data set of gridctl: finds the patients and their files, and reads a patient."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from gridctl_trainer.contract.errors import DataError
from gridctl_trainer.contract.wording import count
from gridctl_trainer.datasets.acdc.patients import find_patients, find_test_patients, read_patient
from gridctl_trainer.datasets.acdc.series import check_series
from gridctl_trainer.datasets.base import CaseFiles
from gridctl_trainer.datasets.file_tree import require_readable, walk
from gridctl_trainer.datasets.formats.info_cfg import info_path, read_info
from gridctl_trainer.datasets.quality.oddities import Notice
from gridctl_trainer.datasets.quality.plausibility import judge
from gridctl_trainer.datasets.slices import LabelledSlice
from gridctl_trainer.plugins.dataset import DatasetOptions

_NAMED_PATIENTS: Final = 5


class Acdc:
    """The training patients of the ACDC challenge (Bernard et al., 2018)."""

    def __init__(self, options: DatasetOptions) -> None:
        """Build the reader; ACDC has no options."""

    def cases(self, root: Path) -> list[CaseFiles]:
        """List one case per patient: both time points are frames of one recording and are read together."""
        trees = {folder: walk(folder) for folder in find_patients(root)}
        require_readable([problem for tree in trees.values() for problem in tree.unreadable])
        return [CaseFiles(folder.name, tree.files, folder) for folder, tree in trees.items()]

    def test_root(self, root: Path) -> Path | None:
        """The folder `testing` beside `training`, as the challenge publishes both."""
        return find_test_patients(root)

    def read(self, case: CaseFiles, frames: int, notice: Notice) -> list[LabelledSlice]:
        return read_patient(case.content, frames, notice)

    def judge(self, slices: Sequence[LabelledSlice], notice: Notice) -> None:
        judge(slices, notice)

    def require_series(self, cases: Sequence[CaseFiles], root: Path) -> None:
        lacking = [case.patient for case in cases if not _has_series(case)]
        if not lacking:
            return
        named = ", ".join(lacking[:_NAMED_PATIENTS])
        more = f" and {len(lacking) - _NAMED_PATIENTS} more" if len(lacking) > _NAMED_PATIENTS else ""
        raise DataError(
            f"{len(lacking)} of {count(len(cases), 'patient')} {'has' if len(lacking) == 1 else 'have'} no 4D series "
            f"(patientNNN_4d.nii.gz), which models with temporal: true read: {named}{more}",
            where=root,
            fix="unpack ACDC with its 4D files; `gridctl-trainer data phantom OUT --series` makes synthetic ones; "
            "or leave temporal: true out",
        )

    def recorded_frames(self, case: CaseFiles, slices: Sequence[LabelledSlice], notice: Notice) -> int:
        """Number of frames in the 4D file, after comparing the file with the labelled frames."""
        return check_series(case.content, read_info(info_path(case.content)), notice)


def _has_series(case: CaseFiles) -> bool:
    names = (f"{case.patient}_4d.nii.gz".casefold(), f"{case.patient}_4d.nii".casefold())
    return any(path.name.casefold() in names for path in case.files)
