"""From collected tables to what a report says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from orchestrator.collect import Collected
from orchestrator.errors import InputError
from orchestrator.experiment import Experiment
from orchestrator.experiment.schema import METRICS
from orchestrator.experiment.schema import Comparison as Asked
from orchestrator.experiment.suggest import did_you_mean
from orchestrator.report.pairs import Pairs, pair_runs
from orchestrator.report.result import Comparison, ComparisonRow, Report, Summary
from orchestrator.report.scores import epoch_scores, is_score, run_scores
from orchestrator.report.wording import EPOCH_WARNING, verdict
from orchestrator.stats.effect_size import hedges_g_av, hedges_g_z
from orchestrator.stats.multiplicity import holm
from orchestrator.stats.paired_t import paired_t


@dataclass(frozen=True, slots=True)
class Question:
    """What a report is asked.

    Attributes:
        significance: Whether to test what the experiment compares.
        unit: `run`, or `epoch` to pool all epochs as the thesis did.
        score: How a run's epochs become one score; None takes the experiment's.
        metrics: None takes the experiment's.
        strict_pairs: Leave out pairs whose halves differ in more than the model.
    """

    significance: bool = False
    unit: str = "run"
    score: str | None = None
    metrics: Sequence[str] | None = None
    strict_pairs: bool = False


def build_report(experiment: Experiment, collected: Collected, question: Question) -> Report:
    """Answer a question about an experiment.

    Args:
        experiment: Its grid, and what it compares.
        collected: What the store holds of it.
        question: What is asked.

    Raises:
        InputError: The question names no metric or score there is, or the experiment compares nothing.
    """
    _check(experiment, question)
    finished = collected.runs.loc[collected.runs["finished"], "run_id"]
    epochs = collected.epochs[collected.epochs["run_id"].isin(finished)]
    asked = _with_answers([replaced for item in experiment.compare if (replaced := _asked(item, question))], epochs)
    metrics = question.metrics or list(dict.fromkeys(metric for item in asked for metric in item.metrics))
    metrics = metrics or [metric for metric in ("validation_dice", "generalisation_dice") if _is_known(metric, epochs)]
    score = question.score or (asked[0].score if asked else "final")
    return Report(
        experiment=experiment.name,
        unit=question.unit,
        score="" if question.unit == "epoch" else score,
        summaries=[
            row for metric in metrics for row in _summaries(experiment, collected, epochs, metric, question, score)
        ],
        comparisons=[_compare(experiment, collected, epochs, item, question) for item in asked]
        if question.significance
        else [],
        warnings=list(_warnings(collected, question)),
    )


def _check(experiment: Experiment, question: Question) -> None:
    for metric in question.metrics or ():
        if metric not in METRICS:
            raise InputError(f"unknown metric '{metric}'", where="--metric", fix=did_you_mean(metric, METRICS))
        if metric.startswith("generalisation_") and all(run.data.sunnybrook is None for run in experiment.runs):
            raise InputError(
                f"{metric} needs a second data set, and {experiment.name} has none",
                where="--metric",
                fix="give data.sunnybrook in the experiment file and submit it again",
            )
    if question.score is not None and not is_score(question.score):
        raise InputError(
            f"unknown score '{question.score}'", where="--score", fix="use final, best, mean or last-K, such as last-5"
        )
    if question.significance and not experiment.compare:
        models = ", ".join(experiment.models)
        raise InputError(
            f"{experiment.name} compares nothing",
            where="compare",
            fix=f"add `compare: {{model: A, against: B}}` with two of {models} to the file and submit it again",
        )


def _asked(item: Asked, question: Question) -> Asked:
    changed = {"metrics": tuple(question.metrics)} if question.metrics else {}
    return item.model_copy(update={**changed, **({"score": question.score} if question.score else {})})


def _with_answers(asked: Sequence[Asked], epochs: pd.DataFrame) -> list[Asked]:
    """Leave out metrics of a second data set where there is none."""
    return [
        item.model_copy(update={"metrics": tuple(m for m in item.metrics if _is_known(m, epochs))}) for item in asked
    ]


def _is_known(metric: str, epochs: pd.DataFrame) -> bool:
    return epochs.empty or bool(epochs[metric].notna().any())


def _warnings(collected: Collected, question: Question) -> Iterator[str]:
    if question.unit == "epoch":
        yield EPOCH_WARNING
    runs = collected.runs
    if not runs["finished"].any():
        yield "no run is finished yet: see gridctl status"
    elif not runs["finished"].all():
        yield f"{int((~runs['finished']).sum())} of {len(runs)} runs are not finished and not in these numbers"
    for problem in collected.problems:
        yield f"unreadable: {problem}"


def _summaries(
    experiment: Experiment, collected: Collected, epochs: pd.DataFrame, metric: str, question: Question, score: str
) -> Iterator[Summary]:
    values = epoch_scores(epochs, metric) if question.unit == "epoch" else run_scores(epochs, metric, score)
    for ratio, ablation in _cells(experiment):
        for model in experiment.models:
            here = values[_is_cell(values, ratio, ablation) & (values["model"] == model)]["value"].to_numpy()
            runs = collected.runs
            of_cell = runs[_is_cell(runs, ratio, ablation) & (runs["model"] == model)]
            yield Summary(
                metric=metric,
                train_ratio=ratio,
                ablation=ablation,
                model=model,
                n=len(here),
                mean=float(here.mean()) if len(here) else None,
                sd=_sd(here),
                unfinished=int((~of_cell["finished"]).sum()),
            )


def _compare(
    experiment: Experiment, collected: Collected, epochs: pd.DataFrame, asked: Asked, question: Question
) -> Comparison:
    pairs = pair_runs(collected.runs, asked.model, asked.against, strict=question.strict_pairs)
    rows: list[ComparisonRow] = []
    for metric in asked.metrics:
        family = [
            _test(epochs, pairs, asked, metric, question, ratio, ablation) for ratio, ablation in _cells(experiment)
        ]
        rows += _corrected(family, question.unit)
    return Comparison(asked.model, asked.against, asked.score, rows, pairs.dropped, pairs.unlike)


def _test(
    epochs: pd.DataFrame, pairs: Pairs, asked: Asked, metric: str, question: Question, ratio: float, ablation: str
) -> ComparisonRow:
    here = pairs.complete[_is_cell(pairs.complete, ratio, ablation)]
    first, second = _paired_values(epochs, here, metric, question.unit, asked.score)
    test = paired_t(first, second)
    return ComparisonRow(
        metric=metric,
        train_ratio=ratio,
        ablation=ablation,
        model=asked.model,
        against=asked.against,
        n_pairs=test.n,
        model_mean=float(first.mean()) if test.n else None,
        model_sd=_sd(first),
        against_mean=float(second.mean()) if test.n else None,
        against_sd=_sd(second),
        difference=test.difference,
        ci_low=test.ci_low,
        ci_high=test.ci_high,
        t=test.t,
        degrees_of_freedom=test.degrees_of_freedom,
        p=test.p,
        p_holm=None,
        family_size=0,
        hedges_g_av=hedges_g_av(first, second) if test.n else None,
        hedges_g_z=hedges_g_z(first, second) if test.n else None,
        dropped=sum(1 for pair in pairs.dropped if (pair.train_ratio, pair.ablation) == (ratio, ablation)),
        verdict="",
    )


def _corrected(family: Sequence[ComparisonRow], unit: str) -> Iterator[ComparisonRow]:
    size = sum(1 for row in family if row.p is not None)
    for row, corrected in zip(family, holm([row.p for row in family]), strict=True):
        said = verdict(
            model=row.model,
            against=row.against,
            metric=row.metric,
            unit=unit,
            n_pairs=row.n_pairs,
            difference=row.difference,
            p=row.p,
            p_holm=corrected,
        )
        yield replace(row, p_holm=corrected, family_size=size, verdict=said)


def _paired_values(
    epochs: pd.DataFrame, pairs: pd.DataFrame, metric: str, unit: str, score: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Scores of both models, paired by position: by seed, and by epoch where epochs are pooled."""
    halves = []
    for column in ("model_run", "against_run"):
        of_half = epochs[epochs["run_id"].isin(pairs[column])]
        values = epoch_scores(of_half, metric) if unit == "epoch" else run_scores(of_half, metric, score)
        keys = ["seed", "epoch"] if unit == "epoch" else ["seed"]
        halves.append(values.set_index(keys)["value"])
    both = pd.concat(halves, axis=1, keys=["model", "against"], join="inner").sort_index()
    return both["model"].to_numpy(dtype=float), both["against"].to_numpy(dtype=float)


def _cells(experiment: Experiment) -> Iterator[tuple[float, str]]:
    for ratio in experiment.train_ratios:
        for ablation in experiment.ablations:
            yield ratio, ablation


def _is_cell(table: pd.DataFrame, ratio: float, ablation: str) -> pd.Series[bool]:
    return (table["train_ratio"] == ratio) & (table["ablation"] == ablation)


def _sd(values: NDArray[np.float64]) -> float | None:
    return float(values.std(ddof=1)) if len(values) > 1 else None
