"""What a report is asked, and whether it can be answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gridctl.errors import InputError
from gridctl.experiment import Experiment
from gridctl.experiment.scores.measures import written_out
from gridctl.experiment.scores.score import is_score
from gridctl.experiment.scores.score_checks import unknown_score
from gridctl_trainer.contract.suggest import did_you_mean


@dataclass(frozen=True, slots=True)
class PredictionFile:
    """Scores of masks as one side of a comparison.

    Attributes:
        name: What the report calls them.
        file: Which `gridctl score` wrote.
        sha256: Of the file; empty where any will do.
    """

    name: str
    file: str
    sha256: str = ""


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
        against: Scores of masks that models are compared with.
        of: What is compared with them: names of models, or scores of further masks; none for the models of interest.
    """

    significance: bool = False
    unit: str = "run"
    score: str | None = None
    metrics: Sequence[str] | None = None
    strict_pairs: bool = False
    seed: int = 0
    keep_differing_pairs: bool = False
    against: Sequence[PredictionFile] = ()
    of: Sequence[str | PredictionFile] = ()

    @property
    def prediction_files(self) -> tuple[PredictionFile, ...]:
        """All files that it names."""
        return (*self.against, *(side for side in self.of if isinstance(side, PredictionFile)))


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
    _check_predictions(request, experiment)
    if request.significance and not compares(experiment):
        models = ", ".join(experiment.models)
        raise InputError(
            f"{experiment.name} compares nothing",
            where="compare",
            fix=f"add `compare: {{model: A, against: B}}` with two of {models} to the file and submit it again",
        )


def _check_predictions(request: ReportRequest, experiment: Experiment) -> None:
    if request.of and not request.against:
        raise InputError(
            "nothing is named to compare it with", where="--model", fix="name scores of masks: --against NAME=FILE"
        )
    if request.against and request.unit != "run":
        raise InputError(
            "masks are compared over patients, and pooled epochs have none", where="--unit", fix="leave --unit out"
        )
    for side in request.of:
        if isinstance(side, str) and side not in experiment.models:
            fix = did_you_mean(side, experiment.models)
            raise InputError(f"no model of {experiment.name} is called '{side}'", where="--model", fix=fix)
    names = [file.name for file in request.prediction_files]
    for name in names:
        if name in experiment.models or names.count(name) > 1:
            what = "is a model of the experiment" if name in experiment.models else "names two sides"
            raise InputError(f"'{name}' {what}", where="--against", fix="give the masks a name of their own: NAME=FILE")


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
