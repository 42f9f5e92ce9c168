"""What a report is asked, and whether it can be answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gridctl.errors import InputError
from gridctl.experiment import Experiment
from gridctl.experiment.scores.measures import written_out
from gridctl.experiment.scores.score import is_score
from gridctl.experiment.scores.score_checks import unknown_score


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """What a report is asked.

    Attributes:
        significance: Whether to test what the experiment compares.
        unit: `run`, or `epoch` to pool all epochs of all runs.
        score: How a run's epochs become one score; None takes the experiment's.
        metrics: Scores by name, such as `validation.soft_dice`; None takes the experiment's.
        strict_pairs: Leave out pairs whose halves differ in more than the model.
        keep_differing_pairs: Test also pairs whose halves differ in split, images or the code of a plugin.
        seed: Of all resampling.
    """

    significance: bool = False
    unit: str = "run"
    score: str | None = None
    metrics: Sequence[str] | None = None
    strict_pairs: bool = False
    seed: int = 0
    keep_differing_pairs: bool = False


def check(request: ReportRequest, experiment: Experiment) -> None:
    """Refuse what cannot be answered.

    Raises:
        InputError: It names no metric or score there is, or the experiment compares nothing.
    """
    if request.strict_pairs and request.keep_differing_pairs:
        raise InputError(
            "--strict-pairs leaves out what --keep-differing-pairs keeps",
            where="--strict-pairs",
            fix="give one of them",
        )
    for metric in request.metrics or ():
        if not (named := written_out(metric, experiment.measures)):
            what, fix = unknown_score(metric, experiment.measures)
            raise InputError(what, where="--metric", fix=fix)
        if request.significance and any(not experiment.measures[name].is_score for name in named):
            raise InputError(
                f"'{metric}' is a plain quantity, of which no value is better than another",
                where="--metric",
                fix="name a score, such as the absolute error of it; without --significance it is shown",
            )
    if request.score is not None and not is_score(request.score):
        raise InputError(
            f"unknown score '{request.score}'", where="--score", fix="use final, best, mean or last-K, such as last-5"
        )
    if request.significance and not compares(experiment):
        models = ", ".join(experiment.models)
        raise InputError(
            f"{experiment.name} compares nothing",
            where="compare",
            fix=f"add `compare: {{model: A, against: B}}` with two of {models} to the file and submit it again",
        )


def asked_by_name(experiment: Experiment, request: ReportRequest) -> list[str]:
    """The scores that a request names, written out; none if it takes the experiment's."""
    return list(
        dict.fromkeys(name for text in request.metrics or () for name in written_out(text, experiment.measures))
    )


def compares(experiment: Experiment) -> bool:
    """Whether there is anything to test: declared comparisons, or ablations beside `none`."""
    return bool(experiment.compare or compared_ablations(experiment))


def compared_ablations(experiment: Experiment) -> tuple[str, ...]:
    """Ablations to be tested against `none`; empty where it is not in the grid, and where models choose among them."""
    if "none" not in experiment.ablations or tuning_set(experiment) is not None:
        return ()
    return tuple(name for name in experiment.ablations if name != "none")


def tuning_set(experiment: Experiment) -> str | None:
    """The set on which each model chooses among the ablations; None where none is declared."""
    return experiment.compare[0].tuned_on if experiment.compare else None
