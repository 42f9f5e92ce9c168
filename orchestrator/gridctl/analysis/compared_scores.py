"""By which scores an experiment compares, once it is known what its runs have scored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import pandas as pd

from gridctl.analysis.request import ReportRequest, asked_by_name
from gridctl.experiment import Experiment
from gridctl.experiment.opponents import written_place
from gridctl.experiment.schema import ComparisonSpec
from gridctl.experiment.scores.measures import (
    TEST,
    Measures,
    checkpoint_of_score,
    default_scores,
    has_cases,
    written_out,
)
from gridctl.experiment.scores.pooled_structures import with_pooled
from gridctl_trainer.contract.score_name import ScoreName


def as_scored(
    experiment: Experiment,
    runs: pd.DataFrame,
    epochs: pd.DataFrame,
    cases: pd.DataFrame,
    logged: Measures,
    asked: Sequence[str] = (),
) -> Experiment:
    """The experiment, completed with what its runs recorded about metrics, which may not be installed here.

    A comparison that names no metrics takes the first that finished runs have: those of an earlier version have no
    scores of cases.

    Args:
        experiment: As its file has it.
        runs: As `Collected.runs`.
        epochs: As `Collected.epochs`.
        cases: As `Collected.cases`, of all finished runs.
        logged: As `Collected.measures`.
        asked: Scores that a report is asked for, as they are written: those that pool structures are added.
    """
    runs_score = {**experiment.measures, **logged}
    known = with_pooled(runs_score, [*(name for item in experiment.compare for name in item.named_scores), *asked])
    there = _scored(cases) if runs["finished"].any() else set(known)
    there |= {name for _, item in _declared(experiment) for name in item.metrics}
    there |= {name for item in experiment.compare for name in item.secondary or ()}
    there |= known.keys() - runs_score.keys()
    measures = {
        name: measure
        for name, measure in known.items()
        if name in epochs or (measure.level != "slice" and name in there)
    }
    compare = []
    for index, item in enumerate(experiment.compare):
        declared = _written(item.metrics, measures) if declares_metrics(experiment, index) else []
        names = declared or default_scores(measures, item.score)
        secondary = None if item.secondary is None else tuple(_written(item.secondary, measures))
        compare.append(item.model_copy(update={"metrics": tuple(names), "secondary": secondary}))
    return replace(experiment, measures=measures, compare=tuple(compare))


def instead_of_cases(declared: Experiment, scored: Experiment, request: ReportRequest) -> str:
    """Why scores of slices are compared although scores of cases are the default; empty if they are not.

    Args:
        declared: As its file has it.
        scored: As `as_scored` makes it.
        request: What the report is asked for.
    """
    if request.metrics or not declared.compare or len(list(_declared(declared))) == len(declared.compare):
        return ""
    score = request.score or scored.compare[0].score
    wanted = [declared.measures[name] for name in default_scores(declared.measures)]
    taken = [scored.measures[name] for name in default_scores(scored.measures, score, request.unit)]
    if not wanted or not taken or wanted[0].level == "slice" or taken[0].level != "slice":
        return ""
    instead = f"{taken[0].metric_label} of slices is compared instead of {wanted[0].metric_label} of whole volumes"
    if request.unit == "epoch" or not has_cases(score):
        return f"{instead}: cases are scored at the final and the best epoch alone"
    return f"{instead}: no finished run has scores of cases, which earlier versions of gridctl did not keep"


def _declared(experiment: Experiment) -> Iterator[tuple[int, ComparisonSpec]]:
    """The comparisons whose metrics the file names, each with its index."""
    return ((index, item) for index, item in enumerate(experiment.compare) if declares_metrics(experiment, index))


def compares_cases(experiment: Experiment) -> bool:
    """Whether some comparison uses a score of cases or patients."""
    names = [name for item in experiment.compare for name in item.metrics]
    return any(experiment.measures[name].level != "slice" for name in names if name in experiment.measures)


def checkpoints_of(experiment: Experiment, request: ReportRequest) -> list[str]:
    """The checkpoints whose cases a report needs: those of the scores that it is asked for or that are declared."""
    scores = [request.score] if request.score else [item.score for item in experiment.compare]
    return list(dict.fromkeys(checkpoint_of_score(score) or "final" for score in scores or ["final"]))


def shows_test_set(experiment: Experiment, request: ReportRequest) -> bool:
    """Whether a report with this request shows scores of the test set; such reports are counted."""
    named = asked_by_name(experiment, request) or [name for item in experiment.compare for name in item.metrics]
    return any(experiment.measures[name].set == TEST for name in named if name in experiment.measures)


def declares_metrics(experiment: Experiment, index: int) -> bool:
    """Whether the file says by which metrics its comparison of this index compares."""
    written = experiment.document.content.get("compare")
    at, _ = written_place(written, index)
    item = written[at] if isinstance(written, list) and at < len(written) else written
    return isinstance(item, Mapping) and bool(item.get("metrics"))


def _written(names: Sequence[str], measures: Measures) -> list[str]:
    """Scores that were written out for each structure, where the metric turns out to have none."""
    whole = [replace(ScoreName.parse(name), structure="") for name in names]
    return [
        found
        for name, without in zip(names, whole, strict=True)
        for found in ([name] if name in measures else written_out(str(without), measures))
    ]


def _scored(cases: pd.DataFrame) -> set[str]:
    """Names of the scores that some case has, or is to have."""
    if cases.empty:
        return set()
    found = cases.groupby(["set", "metric", "structure"], observed=True, sort=False).size().index
    return {str(ScoreName(str(set_name), str(metric), str(structure))) for set_name, metric, structure in found}
