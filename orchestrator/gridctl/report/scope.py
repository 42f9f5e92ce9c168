"""What a sentence of a report is about: the structure and time points behind a score, and whose patients it scores."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

import numpy as np
import pandas as pd

from gridctl.analysis.wording import listed
from gridctl.experiment import Experiment
from gridctl.experiment.scores.measures import TEST, Measure
from gridctl_trainer.contract.score_name import VALIDATION
from gridctl_trainer.contract.spec import DatasetSpec
from gridctl_trainer.plugins.class_path import is_class_path
from gridctl_trainer.plugins.dataset import DATASETS
from gridctl_trainer.plugins.entry_points import PluginError

TIME_POINTS: Final[Mapping[str, str]] = {"ED": "end-diastole", "ES": "end-systole"}
"""Time points of a heart in words."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What one score is of.

    Attributes:
        label: The score in full: `validation Dice, left ventricle (end-diastole and end-systole averaged)`.
        trained_on: Name of the cohort of which subsets are trained on: `acdc`.
        scored: Name of the cohort whose patients are scored: the same, or that of an external set.
    """

    label: str
    trained_on: str
    scored: str

    @property
    def population(self) -> str:
        """New patients: whom a claim about patients like these speaks for, and whom it does not."""
        return f"new patients like those of {self.scored}, {self._trained}"

    @property
    def _trained(self) -> str:
        return f"for models trained on subsets of {self.trained_on}; another training cohort is not covered"

    def of_subgroups(self, claim: str) -> str:
        """The population of a claim about each of several subgroups."""
        if claim == "population":
            return f"new patients of each subgroup, like those of {self.scored}, {self._trained}"
        return (
            f"the patients of each subgroup of {self.scored}, over splits and starts of training; other patients are "
            "not covered"
        )

    def cohort(self, patients: int = 0) -> str:
        """The scored patients alone: whom a claim about these patients speaks for, and whom it does not.

        Args:
            patients: How many they are; 0 if unknown.
        """
        number = f"{patients} " if patients else ""
        return (
            f"these {number}patients of {self.scored}, over splits and starts of training; other patients are not "
            "covered"
        )

    def of_claim(self, claim: str, patients: int = 0) -> str:
        """The population of a claim, `population` or `cohort`."""
        return self.population if claim == "population" else self.cohort(patients)


def scope_of(measure: Measure, experiment: Experiment, cases: pd.DataFrame) -> Scope:
    """What one score of an experiment is of.

    Args:
        measure: The score.
        experiment: Names the data sets.
        cases: As `Collected.cases`: the time points that were scored.
    """
    data = experiment.runs[0].data
    trained_on = cohort_name(data.train)
    scored = measure.set
    if measure.set == VALIDATION:
        scored = trained_on
    elif measure.set == TEST:
        scored = trained_on if data.test is None else cohort_name(data.test)
        scored += " (test set)"
    structure = measure.structure.replace("_", " ")
    named = measure.label
    if structure and not measure.is_pooled and not named.endswith(f", {structure}"):
        named += f", {structure}"
    over = _averaged(measure, cases)
    return Scope(f"{named} ({over})" if over else named, trained_on, scored)


def cohort_name(data: DatasetSpec) -> str:
    """What a data set is called: its name, or that of its folder where many cohorts share a layout of files."""
    if is_class_path(data.dataset):
        return data.dataset.rpartition(":")[2]
    with contextlib.suppress(PluginError):
        if DATASETS.find(data.dataset).is_layout:
            return PurePosixPath(data.path).name or data.dataset
    return data.dataset


def spelled(name: str) -> str:
    """A time point in words: `end-diastole`; others as they are named."""
    return TIME_POINTS.get(name, name)


def key_of_time_points(names: Sequence[str]) -> str:
    """`ED: end-diastole, ES: end-systole`, of those that are shown; empty for other time points."""
    return ", ".join(f"{name}: {TIME_POINTS[name]}" for name in dict.fromkeys(names) if name in TIME_POINTS)


def _averaged(measure: Measure, cases: pd.DataFrame) -> str:
    """Over what one patient's score is a mean."""
    if measure.level == "slice":
        return "mean over slices"
    if measure.level != "case" or cases.empty:
        return ""
    of_set = (cases["set"] == measure.set).to_numpy() & (cases["metric"] == measure.metric).to_numpy()
    found = [str(name) for name in np.unique(cases["time_point"].to_numpy()[of_set].astype(str)) if name]
    words = listed([spelled(name) for name in found]) if found else ""
    return f"{words} averaged" if len(found) > 1 else words
