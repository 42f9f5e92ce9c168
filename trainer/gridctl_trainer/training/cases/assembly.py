"""Assembles the volumes of a case from its slices: one per structure, over the slices on which it is annotated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridctl_trainer.contract.spec.scoring import CleanUp
from gridctl_trainer.metrics.volumes import CaseVolume
from gridctl_trainer.preprocessing.prepared import SliceRecord
from gridctl_trainer.training.cases.clean_up import largest_component


@dataclass(frozen=True, slots=True)
class SegmentedSlice:
    """One slice as scanned, with its prediction and truth.

    Attributes:
        record: The slice's record.
        predicted, truth: (H, W) uint8, 0 for the background, else the number of a structure in the target, from 1.
    """

    record: SliceRecord
    predicted: NDArray[np.uint8]
    truth: NDArray[np.uint8]


def why_no_volume(slices: Sequence[SegmentedSlice]) -> str:
    """Why the slices of one time point do not form a volume; empty if they do."""
    records = [one.record for one in slices]
    if len({record.shape for record in records}) > 1:
        return "its slices differ in shape"
    if len({record.spacing_mm for record in records}) > 1:
        return "its slices differ in spacing"
    if len({record.index for record in records}) < len(records):
        return "two of its slices have the same place"
    return ""


def volumes_of(slices: Sequence[SegmentedSlice], target: Sequence[str], clean_up: CleanUp) -> dict[str, CaseVolume]:
    """Assemble the volumes of one case.

    Args:
        slices: All annotated slices of one patient at one time point.
        target: The structures, in the order of their numbers.
        clean_up: What is done to a prediction before it is scored.

    Returns:
        The volumes by structure, without structures that are not annotated on any slice.
    """
    ordered = sorted(slices, key=lambda one: one.record.index)
    found = {}
    for number, structure in enumerate(target, 1):
        outlined = [one for one in ordered if structure not in one.record.unannotated]
        if not outlined:
            continue
        places = np.array([one.record.index for one in outlined], dtype=np.int64)
        predicted = np.stack([one.predicted == number for one in outlined])
        if clean_up == "largest_component":
            predicted = largest_component(predicted, places)
        truth = np.stack([one.truth == number for one in outlined])
        found[structure] = CaseVolume(predicted, truth, outlined[0].record.spacing_mm, places)
    return found
