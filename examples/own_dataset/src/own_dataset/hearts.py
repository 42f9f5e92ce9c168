"""Hearts in NumPy files: finds the cases in a folder and reads a case."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np

from gridctl_trainer.contract.errors import DataError
from gridctl_trainer.datasets.base import CaseFiles, LabelledSlice, Notice, Oddity, labelled_volume


class NpzHearts:
    """One volume of each patient, `PATIENT.npz`: `images` and `labels` (S, H, W), and `spacing_mm`, three numbers."""

    structures: ClassVar = ("left_ventricle", "myocardium")
    labels: ClassVar = {1: "left_ventricle", 2: "myocardium"}

    def cases(self, root: Path) -> Sequence[CaseFiles]:
        if not root.is_dir():
            raise DataError("there is no such folder", where=root, fix="give the folder with the patients' .npz files")
        found = [CaseFiles(path.stem, (path,)) for path in sorted(root.glob("*.npz"))]
        if not found:
            raise DataError("there is no .npz file in this folder", where=root, fix="it should hold PATIENT.npz")
        return found

    def read(self, case: CaseFiles, frames: int, notice: Notice) -> Sequence[LabelledSlice]:
        (path,) = case.files
        try:
            with np.load(path, allow_pickle=False) as arrays:
                images, labels, spacing_mm = arrays["images"], arrays["labels"], arrays["spacing_mm"].tolist()
        except (OSError, ValueError, KeyError) as error:
            raise DataError(f"cannot read it: {error}", where=path, fix="write it again") from None
        if spacing_mm[2] == 0:
            notice(Oddity("it does not say how far apart the slices are, so there are no volumes", str(path)))
        return labelled_volume(case.patient, images, labels, self.labels, tuple(spacing_mm), path, path)


def make(_options: object) -> NpzHearts:
    """Build the data set, which has no options; the descriptor names this function."""
    return NpzHearts()
