"""Scores that papers print for a data set, to be set beside ours."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterator, Mapping
from importlib import resources
from typing import Final

import pandas as pd

from gridctl.analysis.model.scorecard import PublishedRow
from gridctl.analysis.scorecards.acdc_patients import ACDC, are_acdc_patients
from gridctl.experiment import Experiment
from gridctl.experiment.scores.measures import TEST
from gridctl_trainer.contract.score_name import VALIDATION

_DEVIATION: Final = "_sd"


_NOT_ACDC: Final = (
    "published scores of ACDC are left out: the reference masks differ from those that ACDC publishes, so scores "
    "cannot be compared"
)


def published_scores(
    experiment: Experiment, sets: Collection[str], cases: pd.DataFrame
) -> tuple[list[PublishedRow], dict[str, str]]:
    """Published scores for the data sets of an experiment and the structures that it segments.

    Args:
        experiment: Its runs say which data set each set is from.
        sets: The sets that are shown.
        cases: As `Collected.cases`: they tell whether the patients are those that a data set's name promises.

    Returns:
        The rows, and by set why there are none though some are printed for a data set of its name.
    """
    structures = {name for run in experiment.runs for name in run.data.target}
    rows: list[PublishedRow] = []
    left_out: dict[str, str] = {}
    for name, dataset in _datasets(experiment).items():
        if name not in sets or not (printed := [row for row in _printed(dataset, name) if _is_of(row, structures)]):
            continue
        if dataset == ACDC and not are_acdc_patients(cases[cases["set"].isin(_alike(experiment, name))]):
            left_out[name] = _NOT_ACDC
        else:
            rows += printed
    return rows, left_out


def _datasets(experiment: Experiment) -> Mapping[str, str]:
    """The data set of each scored set."""
    found: dict[str, str] = {}
    for data in (run.data for run in experiment.runs[:1]):
        found |= {VALIDATION: data.train.dataset, TEST: data.test.dataset if data.test else data.train.dataset}
        found |= {name: place.dataset for name, place in data.external.items()}
    return found


def _alike(experiment: Experiment, name: str) -> tuple[str, ...]:
    """The sets whose patients tell what the patients of this one are: a test set lies beside what is split."""
    apart = any(run.data.test is not None for run in experiment.runs[:1])
    return (name,) if name not in (VALIDATION, TEST) or apart else (VALIDATION, TEST)


def _is_of(row: PublishedRow, structures: Collection[str]) -> bool:
    """Whether its structure is segmented; that of the myocardium's mass is in no score's name."""
    return row.structure in structures or (not row.structure and "myocardium" in structures)


def _printed(dataset: str, set_name: str) -> Iterator[PublishedRow]:
    text = resources.files(__package__).joinpath("published_scores.toml").read_text("utf-8")
    for source in tomllib.loads(text)["sources"]:
        if source["dataset"] != dataset:
            continue
        for method in source["rows"]:
            for structure, times in ((key, value) for key, value in method.items() if key != "method"):
                for time_point, values in times.items():
                    for metric in (name for name in values if not name.endswith(_DEVIATION)):
                        yield PublishedRow(
                            method=method["method"],
                            source=source["source"],
                            of=source["of"],
                            set=set_name,
                            structure=structure,
                            time_point=time_point,
                            metric=metric,
                            value=values[metric],
                            sd=values.get(metric + _DEVIATION),
                        )
