"""Scores that papers print for a data set, to be set beside ours."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterator
from importlib import resources
from typing import Final

from gridctl.analysis.model.scorecard import PublishedRow
from gridctl.experiment import Experiment
from gridctl.experiment.scores.measures import TEST
from gridctl_trainer.contract.score_name import VALIDATION

_DEVIATION: Final = "_sd"


def published_scores(experiment: Experiment, sets: Collection[str]) -> list[PublishedRow]:
    """Published scores for the data sets of an experiment and the structures that it segments.

    Args:
        experiment: Its runs say which data set each set is from.
        sets: The sets that are shown.
    """
    datasets: dict[str, str] = {}
    for data in (run.data for run in experiment.runs[:1]):
        datasets |= {VALIDATION: data.train.dataset, TEST: data.test.dataset if data.test else data.train.dataset}
        datasets |= {name: place.dataset for name, place in data.external.items()}
    structures = {name for run in experiment.runs for name in run.data.target}
    return [
        row
        for name, dataset in datasets.items()
        if name in sets
        for row in _printed(dataset, name)
        if row.structure in structures
    ]


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
