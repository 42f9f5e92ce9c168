"""From collected tables to what a report says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from orchestrator.collect import Collected
from orchestrator.experiment import Experiment
from orchestrator.experiment.schema import METRICS
from orchestrator.experiment.schema import Comparison as Asked
from orchestrator.report.compare import compare, corrected
from orchestrator.report.headline import headlines
from orchestrator.report.learning import never_learned
from orchestrator.report.pairs import pair_ablations, pair_models, rows_by_name
from orchestrator.report.provenance import provenance
from orchestrator.report.question import Question, check, compared_ablations
from orchestrator.report.result import Comparison, Family, Report
from orchestrator.report.scores import Observations
from orchestrator.report.summarise import aggregates, runs_by_cell, summaries
from orchestrator.report.thesis import thesis_items
from orchestrator.report.wording import EPOCH_WARNING
from trainer.contract.errors import first_shown

_DEFAULT_METRICS = ("validation_dice", "generalisation_dice")


def build_report(experiment: Experiment, collected: Collected, question: Question) -> Report:
    """Answer a question about an experiment.

    Args:
        experiment: Its grid, and what it compares.
        collected: What the store holds of it.
        question: What is asked.

    Raises:
        InputError: The question names no metric or score there is, or the experiment compares nothing.
    """
    check(question, experiment)
    finished = collected.runs.loc[collected.runs["finished"], "run_id"]
    epochs = collected.epochs[collected.epochs["run_id"].isin(finished)]
    known = [metric for metric in METRICS if epochs.empty or epochs[metric].notna().any()]
    asked = [_asked(item, question, known) for item in experiment.compare]
    metrics = [
        metric
        for metric in question.metrics or dict.fromkeys(metric for item in asked for metric in item.metrics)
        if metric in known
    ] or [metric for metric in _DEFAULT_METRICS if metric in known]
    score = question.score or (asked[0].score if asked else "final")
    cells = runs_by_cell(experiment, collected.runs)
    observations = Observations.of(epochs, metrics, question.unit, score)
    comparisons, families = (
        _comparisons(
            experiment, collected.runs, epochs, [*asked, *_ablations(experiment, asked, metrics, score)], question
        )
        if question.significance
        else ([], [])
    )
    over_runs = comparisons if question.unit == "run" else []
    return Report(
        experiment=experiment.name,
        unit=question.unit,
        score="" if question.unit == "epoch" else score,
        summaries=list(summaries(cells, metrics, observations, question.unit)),
        comparisons=comparisons,
        warnings=list(_warnings(collected, question, asked, experiment.compare)),
        headlines=[
            *(never_learned(collected.runs, epochs) if question.unit == "run" else ()),
            *(line for part in comparisons for line in _headlines(part, question.unit, collected.runs)),
        ],
        aggregates=list(aggregates(cells, metrics, observations, question)),
        families=families,
        thesis=list(thesis_items(experiment, collected.runs, epochs, over_runs, score)),
        provenance=provenance(collected.runs, question.seed),
    )


def _asked(item: Asked, question: Question, known: Sequence[str]) -> Asked:
    """A comparison of the file, as the command line changes it, without metrics that nothing logged."""
    metrics = tuple(metric for metric in question.metrics or item.metrics if metric in known)
    return item.model_copy(update={"metrics": metrics, "score": question.score or item.score})


def _ablations(experiment: Experiment, asked: Sequence[Asked], metrics: Sequence[str], score: str) -> Iterator[Asked]:
    """Every model's ablations against `none`, declared as the first comparison is."""
    if not compared_ablations(experiment):
        return
    like = asked[0] if asked else Asked(model="none", against="none")
    for model in experiment.models:
        yield like.model_copy(update={"model": model, "against": model, "metrics": tuple(metrics), "score": score})


def _comparisons(
    experiment: Experiment, runs: pd.DataFrame, epochs: pd.DataFrame, asked: Sequence[Asked], question: Question
) -> tuple[list[Comparison], list[Family]]:
    found = []
    rows = rows_by_name(runs) if asked else {}
    observed: dict[tuple[str, tuple[str, ...]], Observations] = {}
    for item in asked:
        key = (item.score, tuple(item.metrics))
        if key not in observed:
            observed[key] = Observations.of(epochs, item.metrics, question.unit, item.score)
        if item.model == item.against:
            pairs = pair_ablations(rows, item.model, compared_ablations(experiment), strict=question.strict_pairs)
        else:
            pairs = pair_models(rows, item.model, item.against, strict=question.strict_pairs)
        found.append(compare(item, pairs, observed[key], experiment, question))
    return corrected(found, [item.family for item in asked], question.unit)


def _headlines(comparison: Comparison, unit: str, runs: pd.DataFrame) -> Iterator[str]:
    compared = runs["model"].isin([comparison.model, comparison.against])
    unfinished = int((compared & ~runs["finished"]).sum())
    for metric in dict.fromkeys(row.metric for row in comparison.rows):
        rows = [row for row in comparison.rows if row.metric == metric]
        yield from headlines(rows, unit, unfinished=unfinished)


def _chosen_afterwards(question: Question, declared: Sequence[Asked]) -> Iterator[str]:
    """Metrics and scores that stand in no file: they may have been chosen after a look at the answer."""
    if not question.significance or not declared:
        return
    scores = list(dict.fromkeys(item.score for item in declared))
    if question.score is not None and [question.score] != scores:
        yield f"score {question.score} is asked for here; the experiment declares {', '.join(scores)}"
    metrics = list(dict.fromkeys(metric for item in declared for metric in item.metrics))
    if question.metrics and set(question.metrics) != set(metrics):
        yield f"{', '.join(question.metrics)} is asked for here; the experiment declares {', '.join(metrics)}"


def _warnings(
    collected: Collected, question: Question, asked: Sequence[Asked], declared: Sequence[Asked]
) -> Iterator[str]:
    if question.unit == "epoch":
        yield EPOCH_WARNING
    scores = {item.score for item in asked}
    if question.unit == "run" and "best" in (question.score, *scores):
        yield (
            "score best: the epoch was chosen on the validation set it is scored on, so validation scores are too high"
        )
    runs = collected.runs
    if not runs["finished"].any():
        yield "no run is finished yet: see gridctl status"
    elif not runs["finished"].all():
        open_runs = int((~runs["finished"]).sum())
        verb = "is" if open_runs == 1 else "are"
        yield f"{open_runs} of {len(runs)} runs {verb} not finished and not in these numbers"
    if others := collected.others:
        subject = "1 finished run is" if len(others) == 1 else f"{len(others)} finished runs are"
        named = ", ".join(others[:2]) + (f" and {len(others) - 2} more" if len(others) > 2 else "")
        yield f"{subject} in the store but not in this experiment's grid, and left out: {named}"
    yield from _chosen_afterwards(question, declared)
    for problem in first_shown(collected.problems):
        yield f"unreadable: {problem}"
