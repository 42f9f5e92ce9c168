"""The studies of which an experiment reproduces something, ready to be compared with."""

from __future__ import annotations

from collections.abc import Mapping
from pkgutil import resolve_name

from gridctl.experiment import Experiment
from gridctl.experiment.study_registry import reproduced_items
from gridctl.report.study import StudyComparison


def reproduced_studies(experiment: Experiment) -> Mapping[str, StudyComparison]:
    """By the study's name; the code of other studies is not loaded."""
    return {
        name: resolve_name(study.comparison)(items) for study, name, items in reproduced_items(experiment.reproduces)
    }
