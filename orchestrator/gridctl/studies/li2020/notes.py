"""What a printed table or figure has and an experiment lacks, and vice versa."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import pandas as pd

from gridctl.experiment import Experiment
from gridctl.experiment.scores.measures import Measures, label_of
from gridctl.studies.li2020.printed import ARCHITECTURES, SOURCE, architectures_of, metrics_of


def notes_on_models(
    experiment: Experiment, item: Mapping[str, Any], shown: Collection[str], *, drawn: bool
) -> Iterator[str]:
    """Models that are only in the print or only in the experiment, one sentence each.

    Args:
        experiment: Its models, whatever they are called.
        item: Table or figure, as printed.
        shown: Models with a number in it.
        drawn: Whether models that the print does not have are shown beside the others.
    """
    kind = "figure" if drawn else "table"
    wanted = architectures_of(item)
    architecture_of = {run.model: run.network.architecture for run in experiment.runs}
    for architecture in wanted:
        models = [model for model in experiment.models if architecture_of.get(model) == architecture]
        printed_name = ARCHITECTURES[architecture]
        if not models:
            yield f"{printed_name} is missing: no model of this experiment has the architecture {architecture}"
        first, *others = [model for model in models if model in shown] or [""]
        if drawn and others:
            yield f"{printed_name} is {first} where the two are compared; {_and(others)} is drawn beside it"
        elif not drawn and first:
            left = [model for model in models if model not in shown]
            if left:
                yield f"{printed_name} is {first} here; {_and(left)}, of the same architecture, is left out"
    for model in experiment.models:
        if architecture_of.get(model) not in wanted:
            fate = ("drawn beside it" if model in shown else "not drawn yet") if drawn else "left out"
            yield f"{model} is not in the {kind} that {SOURCE} prints, and is {fate}"


def notes_on_metrics(item: Mapping[str, Any], epochs: pd.DataFrame, measures: Measures) -> Iterator[str]:
    """Printed metrics that no finished run has measured, one sentence each.

    Args:
        item: Table or figure, as printed.
        epochs: Of finished runs; where there are none nothing is missing yet.
        measures: Of the experiment.
    """
    for metric in metrics_of(item) if len(epochs) else ():
        if metric not in epochs.columns or not epochs[metric].notna().any():
            yield f"{label_of(metric, measures)} was not measured: no finished run has scored that set"


def _and(models: Collection[str]) -> str:
    return " and ".join(models)
