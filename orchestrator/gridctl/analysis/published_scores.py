"""Scores that papers print for a data set, to be set beside ours."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from importlib import resources
from typing import Final

from gridctl.analysis.scorecard_model import PublishedRow
from gridctl.experiment import Experiment

_DEVIATION: Final = "_sd"


def published_scores(experiment: Experiment) -> list[PublishedRow]:
    """What is printed for the data set that an experiment trains on, of the structures that it segments."""
    datasets = {run.data.train.dataset for run in experiment.runs}
    structures = {name for run in experiment.runs for name in run.data.target}
    return [row for name in sorted(datasets) for row in _printed(name) if row.structure in structures]


def _printed(dataset: str) -> Iterator[PublishedRow]:
    text = resources.files("gridctl.analysis").joinpath("published_scores.toml").read_text("utf-8")
    for source in tomllib.loads(text)["sources"]:
        if source["dataset"] != dataset:
            continue
        for method in source["rows"]:
            for structure, times in ((key, value) for key, value in method.items() if key != "method"):
                for time_point, values in times.items():
                    for metric in (name for name in values if not name.endswith(_DEVIATION)):
                        yield PublishedRow(
                            method["method"],
                            source["source"],
                            source["of"],
                            structure,
                            time_point,
                            metric,
                            values[metric],
                            values.get(metric + _DEVIATION),
                        )
