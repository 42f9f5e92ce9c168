"""What readers must know before they believe a report."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from typing import Final

from gridctl.analysis.inference.families import asked_comparisons
from gridctl.analysis.model import Comparison, Family
from gridctl.analysis.pairing.image_digests import mixed_images
from gridctl.analysis.pairing.plugin_code import mixed_code
from gridctl.analysis.request import ReportRequest, tuning_set
from gridctl.analysis.wording import EPOCH_WARNING, LEVEL
from gridctl.collection.collect import Collected
from gridctl.collection.outside_grid import bring_back
from gridctl.experiment import Experiment
from gridctl.report.conditions import LEFT_OUT_BY_DEFAULT, comparison_name, grouped, pairs_text, place
from gridctl.report.methods import can_call_better, grid_families
from gridctl.terminal.console import count
from gridctl_trainer.contract.errors import first_shown

FAMILIES_SAID: Final = 3
"""Number of families from which the report says how often some headline is wrong."""


def warnings(
    experiment: Experiment,
    collected: Collected,
    request: ReportRequest,
    comparisons: Sequence[Comparison],
    changes: Sequence[str],
    outside: str = "",
) -> Iterator[str]:
    """One sentence each, the most serious first.

    Args:
        experiment: What was declared.
        collected: What the store holds of it.
        request: What is asked.
        comparisons: Comparisons whose pairs are judged.
        changes: What was changed since the first report.
        outside: Why finished runs of the store are not in the grid.
    """
    if request.unit == "epoch":
        yield EPOCH_WARNING
    scores = {item.score for item in asked_comparisons(experiment, request)}
    if request.unit == "run" and "best" in (request.score, *scores):
        yield (
            "score best: the epoch was chosen on the validation set, so validation scores are selected on these "
            "patients: they are too high, and shown without a test"
        )
    if chooses := tuning_set(experiment):
        yield (
            f"tuned on {chooses}: scores there chose the ablations and are selected on these patients; they are too "
            "high, and shown without a test"
        )
    else:
        yield from _chosen_by_eye(experiment)
    if request.significance and experiment.folds != (None,):
        yield (
            "pairs of different folds train on some of the same patients, and pairs of one fold validate on the same "
            "ones: their differences are not independent, so p values can be too small and intervals too narrow"
        )
    yield from _partly_validated(experiment, request, scores)
    yield from _unfinished(collected)
    yield from _copies(collected)
    yield from mixed_images(experiment, collected.runs)
    yield from mixed_code(collected.runs)
    for comparison in comparisons:
        yield from _differing(comparison)
    yield from changes
    yield from _left_out(collected.others, outside)
    yield from _chosen_afterwards(experiment, request)
    for problem in first_shown(collected.problems):
        yield f"unreadable: {problem}"


def _chosen_by_eye(experiment: Experiment) -> Iterator[str]:
    """That the best of several ways to train is a choice, which no test here corrects for."""
    ways = {
        run.ablation: run.model_dump_json(include={"network", "training"})
        for run in experiment.runs
        if experiment.compare and run.model == experiment.compare[0].model
    }
    several = len(set(ways.values()))
    if several > 2:
        yield (
            f"the ablations train {experiment.compare[0].model} in {several} ways: whoever takes the best of them "
            "selects it on these patients; compare.tuned_on: validation lets each model choose, and tests the chosen "
            "ones on other patients"
        )


def _partly_validated(experiment: Experiment, request: ReportRequest, scores: Collection[str]) -> Iterator[str]:
    """Warns that epochs without scores enter no mean and cannot be the best."""
    apart = sorted({run.training.validate_every_epochs for run in experiment.runs})
    asked = {request.score, *scores} - {"final", None} if request.unit == "run" else {"every epoch"}
    if apart[-1] > 1 and asked:
        every = " or ".join(str(epochs) for epochs in apart)
        yield (
            f"training.validate_every_epochs is {every}: {' and '.join(sorted(map(str, asked)))} takes only the epochs "
            "that were validated"
        )


def many_families(cells: Sequence[Family], comparisons: Sequence[Comparison]) -> Iterator[str]:
    """Each family keeps its level; the more families, the likelier it is that some headline is wrong.

    Args:
        cells: Families of tests of cells and subgroups, whose number decides whether it is said: a test over the whole
            grid hardly differs from those of its cells.
        comparisons: Their families over the whole grid count too.
    """
    families = [*cells, *grid_families(comparisons)]
    spoken = [family for family in families if can_call_better(family)]
    if sum(map(can_call_better, cells)) >= FAMILIES_SAID:
        some = 1 - (1 - LEVEL) ** len(spoken)
        others = len(families) - len(spoken)
        beside = f" (of {len(families)}: the others are of secondary scores, or compare subgroups)" if others else ""
        yield (
            f"the answer may call a model better by {len(spoken)} families of tests{beside}, each corrected on its "
            f"own: if nothing differed, up to {some:.0%} of such studies would call something better; "
            "'compare: {family: experiment}' in the experiment file corrects all of them together"
        )


def _unfinished(collected: Collected) -> Iterator[str]:
    runs = collected.runs
    if not runs["finished"].any():
        yield "no run is finished yet: see gridctl status"
    elif not runs["finished"].all():
        open_runs = int((~runs["finished"]).sum())
        verb = "is" if open_runs == 1 else "are"
        yield f"{open_runs} of {count(len(runs), 'run')} {verb} not finished and not in these numbers"


def _copies(collected: Collected) -> Iterator[str]:
    """Patients who are in no set because their images are another patient's."""
    found: dict[str, dict[str, str]] = {}
    for text in dict.fromkeys(collected.runs.loc[collected.runs["left_out"] != "", "left_out"]):
        for name, patients in json.loads(text).items():
            found.setdefault(name, {}).update(patients)
    for name, patients in found.items():
        reasons: dict[str, list[str]] = {}
        for patient, reason in sorted(patients.items()):
            reasons.setdefault(reason, []).append(patient)
        said = "; ".join(f"{', '.join(who)}: {reason}" for reason, who in reasons.items())
        verb = "is" if len(patients) == 1 else "are"
        yield f"{count(len(patients), 'patient')} of the data set {name} {verb} left out of every set ({said})"


def _differing(comparison: Comparison) -> Iterator[str]:
    """Pairs whose runs were trained on different data: left out, or tested on request."""
    name = comparison_name(comparison)
    left_out = [pair for pair in comparison.dropped if pair.cause in LEFT_OUT_BY_DEFAULT]
    if left_out:
        said = grouped((pair.reason, place(pair)) for pair in left_out)
        verb = "is" if len(left_out) == 1 else "are"
        yield f"{name}: {pairs_text(len(left_out))} {verb} left out: {said}; --keep-differing-pairs tests them too"
    gone = {place(pair) for pair in left_out}
    kept = [pair for pair in comparison.unlike if pair.breaks_pair and place(pair) not in gone]
    if kept:
        said = grouped((f"they differ in {pair.said}", place(pair)) for pair in kept)
        verb, are = ("does", "is") if len(kept) == 1 else ("do", "are")
        subject = f"{name}: {pairs_text(len(kept))} {verb} not compare like with like"
        yield f"{subject}, and {are} tested as asked for: {said}"


def _left_out(others: Sequence[str], outside: str) -> Iterator[str]:
    if others:
        verb, them = ("is", "it") if len(others) == 1 else ("are", "them")
        why = outside or ", ".join(others[:2]) + (f" and {len(others) - 2} more" if len(others) > 2 else "")
        yield (
            f"{count(len(others), 'finished run')} of the store {verb} not in this experiment's grid, and left out "
            f"({why}): {bring_back(them)}"
        )


def _chosen_afterwards(experiment: Experiment, request: ReportRequest) -> Iterator[str]:
    """Metrics and scores that no file declares: they may have been chosen after looking at the results."""
    declared = experiment.compare
    if not request.significance or not declared:
        return
    scores = list(dict.fromkeys(item.score for item in declared))
    if request.score is not None and [request.score] != scores:
        yield f"score {request.score} is asked for here; the experiment declares {', '.join(scores)}"
    metrics = list(dict.fromkeys(metric for item in declared for metric in item.metrics))
    if request.metrics and set(request.metrics) != set(metrics):
        yield f"{', '.join(request.metrics)} is asked for here; the experiment declares {', '.join(metrics)}"
