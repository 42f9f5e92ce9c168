"""Which patients train and which validate: the same for every model."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from dataclasses import dataclass

from gridctl_trainer.contract.errors import DataError
from gridctl_trainer.contract.frozen import canonical_json
from gridctl_trainer.contract.split_size import training_patients
from gridctl_trainer.contract.wording import count as counted


@dataclass(frozen=True, slots=True)
class Split:
    """Two disjoint sets of patients, sorted."""

    train: tuple[str, ...]
    validation: tuple[str, ...]

    @property
    def digest(self) -> str:
        """SHA-256 over both halves."""
        return hashlib.sha256(canonical_json([self.train, self.validation]).encode()).hexdigest()


def split_patients(patients: Iterable[str], train_ratio: float, seed: int) -> Split:
    """Split by patient, shuffled by seed (thesis 4.2).

    Patients are ranked by the SHA-256 of seed and id, and the first ones train. So the split is
    the same on every machine and under every library, and for one seed the patients of a
    smaller ratio are among those of a larger one: a curve over ratios then differs by the
    patients added, not also by a new draw.

    Args:
        patients: Ids, in any order, repeated or not.
        train_ratio: Share that trains, in (0, 1); exact to within one patient, and both halves
            get at least one.
        seed: Of the run.

    Raises:
        DataError: There are fewer than two patients.
    """
    ranked = sorted(set(patients), key=lambda patient: hashlib.sha256(f"{seed}:{patient}".encode()).digest())
    if len(ranked) < 2:
        raise DataError(
            f"{counted(len(ranked), 'patient')} cannot be split into those who train and those who validate",
            where="data.train",
            fix="give a folder with at least two patients",
        )
    count = training_patients(len(ranked), train_ratio)
    return Split(tuple(sorted(ranked[:count])), tuple(sorted(ranked[count:])))


def require_patients(patients: int, train_ratio: float) -> None:
    """Refuse a ratio by which no patient would train, or none validate.

    `split_patients` gives each part at least one, so such a run would not be trained on the share that it is named
    after.

    Raises:
        DataError: It leaves a part empty.
    """
    if patients < 2:
        return  # the split itself refuses that
    wanted = math.floor(train_ratio * patients + 0.5)
    if 0 < wanted < patients:
        return
    lowest, highest = math.ceil(500 / patients) / 1000, math.floor(1000 - 500 / patients) / 1000
    part = "validate" if wanted else "train"
    raise DataError(
        f"a train ratio of {train_ratio:g} leaves none of {patients} patients to {part} on",
        where="train_ratios",
        fix=f"use one from {lowest:g} to {highest:g}, or give more patients",
    )
