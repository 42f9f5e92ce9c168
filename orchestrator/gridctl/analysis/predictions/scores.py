"""By which scores masks are compared: those of the experiment, on the set whose patients the masks are of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from gridctl.analysis.compared_scores import declares_metrics
from gridctl.analysis.predictions.prediction_set import PredictionSet
from gridctl.analysis.predictions.shared_set import require_scored_alike, set_of
from gridctl.analysis.request import ReportRequest, asked_by_name
from gridctl.errors import InputError
from gridctl.experiment import Experiment
from gridctl.experiment.schema import ComparisonSpec
from gridctl.experiment.scores.measures import Measure, checkpoint_of_score
from gridctl.experiment.scores.pooled_structures import with_pooled
from gridctl_trainer.contract.score_name import VALIDATION
from gridctl_trainer.contract.spec import DEFAULT_SECONDARY_METRIC


@dataclass(frozen=True, slots=True)
class ComparedScores:
    """What one comparison with masks is about.

    Attributes:
        set: Of whose patients.
        checkpoint: Of the runs whose cases are compared: `final` or `best`.
        names: Scores, each with whether it is a secondary one.
    """

    set: str
    checkpoint: str
    names: Mapping[str, bool]


def compared_scores(
    experiment: Experiment,
    cases: pd.DataFrame,
    request: ReportRequest,
    like: ComparisonSpec,
    against: PredictionSet,
    of: PredictionSet | None = None,
) -> ComparedScores:
    """Find set and scores, and make sure that both sides were scored alike.

    Args:
        experiment: With what its runs say of metrics.
        cases: Of the runs.
        request: What is asked.
        like: The comparison of the experiment whose score, metrics and family are taken.
        against: The masks.
        of: The masks that they are compared with; None for runs.

    Raises:
        InputError: They cannot be compared.
    """
    score = request.score or like.score
    checkpoint = checkpoint_of_score(score)
    if checkpoint is None:
        raise InputError(
            f"masks are compared by scores of cases, which score '{score}' has not",
            where="--against",
            fix="add --score final",
        )
    by_name = [experiment.measures[name] for name in asked_by_name(experiment, request)]
    named_sets = {measure.set for measure in by_name if measure.level != "slice"}
    if by_name and not named_sets:
        raise InputError(
            f"{by_name[0].name} is of slices, and masks have scores of whole volumes",
            where="--metric",
            fix="name one of cases or patients, such as dice",
        )
    of_checkpoint = cases[cases["checkpoint"] == checkpoint]
    found = set_of(against, of_checkpoint, named_sets)
    _require_new_patients(found, checkpoint, against, experiment)
    on_set = {name: item for name, item in experiment.measures.items() if item.set == found and item.level != "slice"}
    on_set = with_pooled(on_set, [f"{found}.{name.partition('.')[2]}" for name in like.named_scores])
    wanted = _wanted(on_set, by_name, like, experiment)
    sides = [side for side in (against, of) if side is not None]
    scored = [_has(side) for side in sides]
    names = {name: beside for name, beside in wanted.items() if all(_keys(on_set[name]) <= own for own in scored)}
    if not any(not beside for beside in names.values()):
        missing = ", ".join(name for name, beside in wanted.items() if not beside) or f"{found}.dice"
        has = ", ".join(sorted({f"{metric}.{structure}".rstrip(".") for metric, structure in scored[0]})[:6])
        raise InputError(
            f"it has no {missing}, by which is compared; it has {has}",
            where=against.where,
            fix="score with that metric and structure, or name another by --metric",
        )
    of_runs = of_checkpoint[of_checkpoint["set"] == found]
    for side in sides:
        require_scored_alike(side, of_runs, [on_set[name] for name in names], experiment)
    return ComparedScores(found, checkpoint, names)


def _require_new_patients(found: str, checkpoint: str, against: PredictionSet, experiment: Experiment) -> None:
    """Validation patients differ from seed to seed, unless the split is a file's; a best epoch was chosen on them.

    Raises:
        InputError: There is no set of patients that are the same for all runs.
    """
    if found != VALIDATION:
        return
    if checkpoint == "best":
        raise InputError(
            "the best epoch was chosen on the validation patients", where=against.where, fix="add --score final"
        )
    split = experiment.runs[0].data.split
    if split is None or not split.is_fixed:
        raise InputError(
            "its patients are of the training data, of which each seed validates others: no network of a model has "
            "scores of all of them",
            where=against.where,
            fix="compare on an external or a test set, or declare data.split, whose validation patients are fixed",
        )


def _wanted(
    on_set: Mapping[str, Measure], by_name: Sequence[Measure], like: ComparisonSpec, experiment: Experiment
) -> dict[str, bool]:
    """Those that are named; else those of the comparison on this set; else its metrics, or the first, on this set."""
    if by_name:
        return {item.name: False for item in by_name if item.name in on_set}
    declared = [experiment.measures[name] for name in like.metrics if name in experiment.measures]
    primary = [item.name for item in declared if item.name in on_set]
    metrics = list(dict.fromkeys(item.metric for item in declared if item.level != "slice"))
    scores = [item for item in on_set.values() if item.is_score and not item.is_pooled]
    metrics = metrics or list(dict.fromkeys(item.metric for item in scores))[:1]
    primary = primary or [item.name for item in scores if item.metric in metrics]
    return {**dict.fromkeys(primary, False), **dict.fromkeys(_beside(scores, primary, like, experiment), True)}


def _beside(
    scores: Sequence[Measure], primary: Sequence[str], like: ComparisonSpec, experiment: Experiment
) -> Iterator[str]:
    """Secondary scores: the declared ones; else HD95 where the experiment names no metrics."""
    at = experiment.compare.index(like) if like in experiment.compare else -1
    if like.secondary is not None:
        known = [experiment.measures[name] for name in like.secondary if name in experiment.measures]
        metrics = {item.metric for item in known}
    else:
        metrics = set() if at >= 0 and declares_metrics(experiment, at) else {DEFAULT_SECONDARY_METRIC}
    for item in scores:
        if item.metric in metrics and item.name not in primary:
            yield item.name


def _keys(measure: Measure) -> set[tuple[str, str]]:
    return {(measure.metric, structure) for structure in measure.structures}


def _has(side: PredictionSet) -> set[tuple[str, str]]:
    pairs = side.cases[["metric", "structure"]].drop_duplicates()
    return {(str(metric), str(structure)) for metric, structure in pairs.itertuples(index=False)}
