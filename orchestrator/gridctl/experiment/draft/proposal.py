"""A first experiment for a data set: what `gridctl init` proposes, and why."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gridctl_trainer.contract.split_size import training_patients

LEAST_PATIENTS: Final = 2
"""Fewest patients in each half of a split: the score of one patient says nothing about others."""

_FIRST_SEED: Final = 42
_LEVEL: Final = 0.05

_FIRST_LOOK_RATIOS: Final = (0.1, 0.2, 0.3, 0.5)
_STUDY_RATIOS: Final = (0.1, 0.2, 0.4, 0.8)
MANY: Final = 40
"""Number of patients from which an epoch has enough steps for Adam's usual learning rate."""

_NAME_LENGTH: Final = 24
"""Leaves room in a run's name, a label of 63 characters, for model, ratio, ablation and seed."""

_GENERIC: Final = ("training", "testing", "database", "data", "acdc_dataset", "raw", "images")


@dataclass(frozen=True, slots=True)
class Place:
    """A data set as the file names it.

    Attributes:
        dataset: Name of the data set.
        location: A path or `s3://bucket/prefix`, as the trainer sees it.
        patients: Number of labelled patients; None if it was not counted.
    """

    dataset: str
    location: str
    patients: int | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """What a first experiment file says.

    Attributes:
        command: The command that wrote it, for the first comment.
        train: The data set that is split into training and validation patients.
        external: Data sets that are only scored.
        test: The data set that is scored once, after the last epoch; None if none was found.
        backend: Where runs execute.
        is_study: Whether a cluster trains it at full size; else it is a first look that takes minutes on a laptop.
        store: None leaves it to $GRIDCTL_STORE.
    """

    command: str
    name: str
    train: Place
    external: Sequence[Place]
    backend: str
    is_study: bool
    store: str | None
    test: Place | None = None

    @property
    def train_ratios(self) -> tuple[float, ...]:
        """Ratios that leave at least two patients for training and two for validation, if there are enough."""
        patients = self.train.patients
        if self.is_study:
            return fitting_ratios(_STUDY_RATIOS, patients)
        fitting = fitting_ratios(_FIRST_LOOK_RATIOS, patients)
        return tuple(dict.fromkeys((fitting[0], fitting[-1])))

    @property
    def seeds(self) -> tuple[int, ...]:
        """As many seeds as an exact test of n pairs, whose smallest p is 2 / 2^n, needs after Holm over all ratios."""
        return tuple(range(_FIRST_SEED, _FIRST_SEED + seeds_for(len(self.train_ratios))))

    @property
    def batch_sizes(self) -> tuple[int, int]:
        """Batch sizes of U-Net and γ-Net: a study's, or one for both with several steps per epoch for few patients."""
        if self.is_study:
            return 8, 2
        fewest = training_patients(self.train.patients or 12, self.train_ratios[0])
        return (4, 4) if fewest < 10 else (8, 8)

    @property
    def size_px(self) -> int:
        """Side of the images: a full study's, or small."""
        return 176 if self.is_study else 32

    @property
    def epochs(self) -> int:
        """Epochs of each run: a full study's, or few."""
        return 200 if self.is_study else 6 if self.has_few else 4

    @property
    def has_few(self) -> bool:
        """Whether an epoch has so few steps that a higher learning rate is needed to see anything."""
        return (self.train.patients or 0) < MANY


def seeds_for(tests: int) -> int:
    """Fewest seeds with which an exact test can find p < 0.05 when so many tests are corrected together."""
    return math.ceil(1 - math.log2(_LEVEL / tests))


def fitting_ratios(wanted: Sequence[float], patients: int | None) -> tuple[float, ...]:
    """Ratios that leave enough patients on both sides; 0.5 if none does."""
    if patients is None:
        return tuple(wanted)
    fitting = tuple(
        ratio for ratio in wanted if LEAST_PATIENTS <= training_patients(patients, ratio) <= patients - LEAST_PATIENTS
    )
    return fitting or (0.5,)


def name_for(parts: Sequence[str]) -> str:
    """An experiment's name from a folder's path: the innermost part that is not generic."""
    for part in reversed(parts):
        slug = re.sub(r"[^a-z0-9]+", "-", part.lower()).strip("-")[:_NAME_LENGTH].strip("-")
        if slug and slug.replace("-", "_") not in _GENERIC:
            return slug
    return "experiment"
