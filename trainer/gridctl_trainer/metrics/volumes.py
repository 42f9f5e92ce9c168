"""What a metric of cases, or of patients, is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class CaseVolume:
    """One structure of one case, predicted and true, on the scanner's grid.

    Only annotated slices are in it: what nobody outlined is neither right nor wrong.

    Attributes:
        predicted: (S, H, W) bool.
        truth: (S, H, W) bool.
        spacing_mm: Distance of rows, of columns, and of slice centres, gap included; the last is 0 if unknown.
        slices: (S,) int64, growing: the place of each slice in the volume as scanned; neighbours differ by 1.
    """

    predicted: NDArray[np.bool_]
    truth: NDArray[np.bool_]
    spacing_mm: tuple[float, float, float]
    slices: NDArray[np.int64]


PatientVolumes = Mapping[str, Mapping[str, CaseVolume]]
"""Of one patient, by time point and structure: what a metric of patients is given."""
