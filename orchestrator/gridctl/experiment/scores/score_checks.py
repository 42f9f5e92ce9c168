"""Checks the scores and metrics that an experiment file names against what its runs score."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gridctl.experiment.document import Location
from gridctl.experiment.schema import ComparisonSpec
from gridctl.experiment.scores.measures import TEST, Measures, default_scores, has_cases, written_out
from gridctl.experiment.scores.pooled_structures import why_not_pooled
from gridctl.experiment.validation import Problems
from gridctl_trainer.contract.errors import shortened
from gridctl_trainer.contract.released.score_names_v1 import RENAMED_SCORES, renamed
from gridctl_trainer.contract.score_name import TRAIN_LOSS, ScoreName
from gridctl_trainer.contract.spec import TrainingSpec
from gridctl_trainer.contract.suggest import did_you_mean
from gridctl_trainer.plugins.class_path import is_class_path
from gridctl_trainer.plugins.entry_points import PluginError
from gridctl_trainer.plugins.metric import METRICS


def check_metrics(written: Any, problems: Problems) -> None:
    """Report each unknown metric of the file.

    A metric named by its path is left to the trainer, which checks it before the first epoch.

    Args:
        written: What the file has under `metrics`; anything but a list of text is refused elsewhere.
        problems: Gets the mistakes.
    """
    for index, name in enumerate(written) if isinstance(written, list) else ():
        if not isinstance(name, str) or is_class_path(name):
            continue
        at: Location = ("metrics", index)
        try:
            METRICS.find(name)
        except PluginError as error:
            problems.add(at, error.problems[0].what, error.problems[0].fix)


def with_scores(comparison: ComparisonSpec, index: int, measures: Measures, problems: Problems) -> ComparisonSpec:
    """A comparison with full names of scores: those of every structure if none was named.

    Args:
        comparison: From the file.
        index: Its index there.
        measures: What the runs score.
        problems: Receives each name that is not a score.
    """
    found = _written_out(comparison, "metrics", comparison.metrics, index, measures, problems)
    metrics = tuple(found or default_scores(measures, comparison.score))
    if comparison.tuned_on is not None:
        _check_tuning_set(comparison, index, metrics, measures, problems)
    if comparison.secondary is None:
        return comparison.model_copy(update={"metrics": metrics})
    secondary = _written_out(comparison, "secondary", comparison.secondary, index, measures, problems)
    for place, name in enumerate(secondary):
        if name in metrics:
            problems.add(
                ("compare", index, "secondary", min(place, len(comparison.secondary) - 1)),
                f"{name} is one of metrics as well, and one score is either primary or secondary",
                "name it in one of the two",
            )
    return comparison.model_copy(update={"metrics": metrics, "secondary": tuple(secondary)})


def _check_tuning_set(
    comparison: ComparisonSpec, index: int, metrics: Sequence[str], measures: Measures, problems: Problems
) -> None:
    """Note a set that cannot tune, or that leaves nothing to compare on."""
    at: Location = ("compare", index, "tuned_on")
    sets = list(dict.fromkeys(measure.set for measure in measures.values()))
    if comparison.tuned_on not in sets:
        fix = did_you_mean(str(comparison.tuned_on), [name for name in sets if name != TEST])
        problems.add(at, f"there is no set '{comparison.tuned_on}' to score", fix)
    elif comparison.tuned_on == TEST:
        problems.add(at, "the test set is scored once, and chooses nothing", "write tuned_on: validation")
    elif metrics and all(measures[name].set == comparison.tuned_on for name in metrics if name in measures):
        score = f"{TEST}.{measures[metrics[0]].metric}"
        named = f"compare.metrics: [{score}]" if TEST in sets else "data.test or data.external"
        problems.add(
            at,
            f"every score compared is of {comparison.tuned_on}, whose patients choose, so nothing is left to test",
            f"compare on patients that chose nothing: give {named}",
        )


def _written_out(
    comparison: ComparisonSpec, key: str, names: Sequence[str], index: int, measures: Measures, problems: Problems
) -> dict[str, None]:
    """The scores that are meant, in order, each once."""
    found: dict[str, None] = {}
    for place, text in enumerate(names):
        at: Location = ("compare", index, key, place)
        meant = written_out(text, measures)
        if not meant:
            problems.add(at, *unknown_score(text, measures))
        of_cases = [name for name in meant if measures[name].level != "slice"]
        if of_cases and not has_cases(comparison.score):
            problems.add(
                at,
                f"'{text}' is one of cases, which are scored at the final and the best epoch alone",
                f"write score: final, or compare by {' or '.join(default_scores(measures, comparison.score)[:1])}",
            )
        if any(not measures[name].is_score for name in meant):
            problems.add(
                at,
                f"'{text}' is a plain quantity, of which no value is better than another",
                "compare by a score, such as the absolute error of it",
            )
        found |= dict.fromkeys(meant)
    return found


def best_written_out(training: TrainingSpec, measures: Measures) -> tuple[TrainingSpec, tuple[str, str] | None]:
    """Training with the full name in `checkpoint_keep_best`.

    Args:
        training: As written.
        measures: What such a run scores.

    Returns:
        The training; and what is wrong with the name and what to do, or None.
    """
    by = training.checkpoint_keep_best
    if by is None or by == TRAIN_LOSS:
        return training, None
    meant = written_out(by, measures)
    if not meant:
        return training, unknown_score(by, measures)
    if (level := measures[meant[0]].level) != "slice":
        slices = [name for name, measure in measures.items() if measure.level == "slice"]
        fix = f"choose one of slices: {', '.join(slices)}" if slices else "compute one of slices, such as soft_dice"
        return training, (f"{by} scores whole {level}s, which is done at the end and not after every epoch", fix)
    if len(meant) > 1:
        return training, (f"{by} means several scores", f"name the structure: {' or '.join(meant)}")
    return training.model_copy(update={"checkpoint_keep_best": meant[0]}), None


def unknown_score(text: str, measures: Measures) -> tuple[str, str]:
    """What is wrong with a score that no run has, and what to do."""
    if text in RENAMED_SCORES:
        return f"'{text}' has another name now", f"write {renamed(text)}"
    try:
        wanted = ScoreName.parse(text)
    except ValueError:
        return f"unknown metric '{shortened(text, 60)}'", did_you_mean(text, list(measures))
    sets = list(dict.fromkeys(measure.set for measure in measures.values()))
    if wanted.set not in sets:
        named = f"there is no set '{wanted.set}' to score"
        near = did_you_mean(wanted.set, sets)
        more = "" if near.startswith("did") else f"; another set is given in data.external: {{{wanted.set}: ...}}"
        return named, near + more
    metrics = list(dict.fromkeys(measure.metric for measure in measures.values()))
    if wanted.metric not in metrics:
        near = did_you_mean(wanted.metric, metrics)
        add = f"compute it: metrics: [{', '.join((*metrics, wanted.metric))}]"
        return f"the metric '{wanted.metric}' is not computed", near if near.startswith("did") else add
    if refused := why_not_pooled(text, measures):
        return refused
    here = [name for name in measures if name.startswith(f"{wanted.set}.{wanted.metric}")]
    return f"there is no score '{text}'", did_you_mean(text, here)
