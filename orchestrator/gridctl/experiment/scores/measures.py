"""The scores of an experiment, with all that comparing and plotting them takes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from gridctl_trainer.contract.metric_info import MetricInfo
from gridctl_trainer.contract.score_name import VALIDATION, ScoreName, scores_of
from gridctl_trainer.contract.spec import DEFAULT_SECONDARY_METRIC, DataSpec, RunSpec, scored_sets, structures_of
from gridctl_trainer.plugins.class_path import is_class_path
from gridctl_trainer.plugins.dataset import unlabelled
from gridctl_trainer.plugins.entry_points import PluginError
from gridctl_trainer.plugins.metric import METRICS

_NOT_DESCRIBED: Final = "no run has described it yet, and it is not installed here"


@dataclass(frozen=True, slots=True)
class Measure:
    """One score, and what is known about it.

    Attributes:
        name: `validation.soft_dice.left_ventricle`: its column in every table.
        set, metric, structure: The parts of its name; the structure is empty if the metric has none, and `a+b` if both
            are averaged within each patient.
        label: What it is called in text: `validation soft Dice`.
        metric_label: What its metric alone is called: `soft Dice`.
        unit: Unit of its values; empty for a bare number.
        low, high: Ends of its range; None where there is none.
        higher_is_better: Whether a larger value is the better one.
        level: `slice`, `case` or `patient`: what one value is computed for; the score is the mean over them.
        definition: What it is, in one line.
        learned_beyond: A model that is never better than this has learned nothing; None where that is not known.
        is_score: Whether one value is better than another; what is merely measured is shown and never compared.
    """

    name: str
    set: str
    metric: str
    structure: str
    label: str
    metric_label: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    higher_is_better: bool = True
    level: str = "slice"
    definition: str = ""
    learned_beyond: float | None = None
    is_score: bool = True

    @property
    def structures(self) -> tuple[str, ...]:
        """Its structure, or each of those that are pooled."""
        return tuple(self.structure.split("+"))

    @property
    def is_pooled(self) -> bool:
        """Whether several structures are averaged within each patient."""
        return len(self.structures) > 1


TEST: Final = "test"
"""The set that is scored once, and shown only on request."""

Wanted = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], frozenset[tuple[str, str]]]
"""Sets, structures and metrics of runs, and the structures of sets that are not scored."""

Measures = Mapping[str, Measure]
"""Scores by name, metric by metric."""


def metric_info(name: str, logged: Mapping[str, MetricInfo] | None = None) -> MetricInfo:
    """The description of a metric, from the runs that computed it, else as installed here.

    A metric named by its path is not imported: that may need torch, and its module may be elsewhere.

    Args:
        name: Short, or a path.
        logged: Of the metrics that logs describe.
    """
    if logged and name in logged:
        return logged[name]
    with contextlib.suppress(PluginError):
        if not is_class_path(name):
            return METRICS.find(name).info()
    return MetricInfo(label=name.rpartition(":")[2][:60], definition=_NOT_DESCRIBED, higher_is_better=True)


def measures_of(
    runs: Iterable[RunSpec], logged: Mapping[str, MetricInfo] | None = None, scored: Iterable[str] = ()
) -> dict[str, Measure]:
    """Every score of some runs.

    Args:
        runs: Their specifications.
        logged: Descriptions of metrics from their logs.
        scored: Names of further scores that their logs have.
    """
    alike = {(id(run.data), run.metrics): run for run in runs}  # runs of a grid share their sections
    wanted = dict.fromkeys(_wanted(run.data, run.metrics) for run in alike.values())
    return _measures(list(wanted), logged, scored)


def measures_of_test_set(runs: Iterable[RunSpec]) -> dict[str, Measure]:
    """The scores of cases of the test set, which a comparison may name; none where there is no test set."""
    alike = {(id(run.data), run.metrics): run for run in runs}
    tested = [run for run in alike.values() if _has_test_set(run.data)]
    wanted = dict.fromkeys(
        ((TEST,), structures_of(run.data), run.metrics, unlabelled(run.data, also_by_path=False)) for run in tested
    )
    return {name: measure for name, measure in _measures(list(wanted)).items() if measure.level != "slice"}


def _has_test_set(data: DataSpec) -> bool:
    return data.test is not None or (data.split is not None and any(part.test for part in data.split.parts))


def scores_of_data(data: DataSpec, metrics: tuple[str, ...]) -> Measures:
    """The scores of a run with such data."""
    return _of_one(_wanted(data, metrics))


@lru_cache
def _of_one(wanted: Wanted) -> Measures:
    return _measures([wanted])


def _wanted(data: DataSpec, metrics: tuple[str, ...]) -> Wanted:
    return scored_sets(data), structures_of(data), metrics, unlabelled(data, also_by_path=False)


def _measures(
    wanted: Sequence[Wanted],
    logged: Mapping[str, MetricInfo] | None = None,
    scored: Iterable[str] = (),
) -> dict[str, Measure]:
    """Of sets, structures and metrics, and further scores."""
    found: dict[ScoreName, None] = {}
    infos: dict[str, MetricInfo] = {}
    for sets, structures, metrics, missing in wanted:
        infos |= {name: metric_info(name, logged) for name in metrics if name not in infos}
        scores = scores_of(sets, ((name, infos[name]) for name in metrics), structures)
        found |= dict.fromkeys(score for score in scores if (score.set, score.structure) not in missing)
    for text in scored:
        found[ScoreName.parse(text)] = None
    infos |= {score.metric: metric_info(score.metric, logged) for score in found if score.metric not in infos}
    place = {name: number for number, name in enumerate(infos)}
    several = len({score.structure for score in found if score.structure}) > 1
    ordered = sorted(found, key=lambda score: place[score.metric])
    return {str(score): _measure(score, infos[score.metric], several=several) for score in ordered}


def epoch_measures(measures: Measures) -> dict[str, Measure]:
    """The scores of every epoch: those of slices."""
    return {name: measure for name, measure in measures.items() if measure.level == "slice"}


def primary_measures(measures: Measures) -> list[Measure]:
    """The scores on validation by the first metric of slices, one for each structure: what curves and `gridctl status`
    show, and by which `best` chooses an epoch.
    """
    own = [measure for measure in epoch_measures(measures).values() if measure.set == VALIDATION]
    return [measure for measure in own if measure.metric == own[0].metric]


def primary_label(measures: Measures) -> str:
    """The score that decides which epoch is best, in words: `validation soft Dice`."""
    own = primary_measures(measures)
    if len(own) == 1:
        return own[0].label
    return f"{VALIDATION} {own[0].metric_label}, mean over structures" if own else ""


def label_of(name: str, measures: Measures) -> str:
    """The name of a score in text, whether or not any run has it."""
    if name in measures:
        return measures[name].label
    score = ScoreName.parse(name)
    return _measure(score, metric_info(score.metric), several=False).label


def titled(measure: Measure) -> str:
    """Its label and its unit: `validation HD95 (mm)`."""
    return f"{measure.label} ({measure.unit})" if measure.unit else measure.label


def written_out(text: str, measures: Measures) -> list[str]:
    """The scores that a name means: itself, or one for each structure where that was left out; none if unknown."""
    try:
        wanted = ScoreName.parse(text)
    except ValueError:
        return []
    found = (str(score) for score in wanted.written_out([ScoreName.parse(name) for name in measures]))
    return [name for name in found if name in measures]


def _measure(score: ScoreName, info: MetricInfo, *, several: bool) -> Measure:
    structure = f", {score.structure.replace('_', ' ')}" if several and score.structure else ""
    return Measure(
        name=str(score),
        set=score.set,
        metric=score.metric,
        structure=score.structure,
        label=f"{score.set} {info.label}{structure}",
        metric_label=info.label,
        unit=info.unit,
        low=info.low,
        high=info.high,
        higher_is_better=info.higher_is_better,
        level=info.level,
        definition=info.definition,
        learned_beyond=info.learned_beyond,
        is_score=info.is_score,
    )


def default_scores(measures: Measures, score: str = "final", unit: str = "run") -> list[str]:
    """The scores that are compared by default: the first metric, on every set and structure.

    The set `test` is used only on request: every look at it counts.

    Args:
        measures: All that there are.
        score: How the epochs of a run become its score: cases are scored at the final and the best epoch alone.
        unit: `run`, or `epoch`: then a score must be one of every epoch.
    """
    of_epochs = unit == "epoch" or not has_cases(score)
    fitting = epoch_measures(measures) if of_epochs else measures
    chosen = {
        name: measure
        for name, measure in fitting.items()
        if measure.set != TEST and measure.is_score and not measure.is_pooled
    }
    first = next(iter(chosen.values()), None)
    return [name for name, measure in chosen.items() if first and measure.metric == first.metric]


def default_secondary_scores(measures: Measures, score: str = "final", unit: str = "run") -> list[str]:
    """The default secondary scores: HD95 of cases, on the same sets.

    Args:
        measures: All that there are.
        score: How the epochs of a run become its score.
        unit: `run` or `epoch`.
    """
    primary = [measures[name] for name in default_scores(measures, score, unit)]
    if not primary or primary[0].level == "slice" or primary[0].metric == DEFAULT_SECONDARY_METRIC:
        return []
    sets = {measure.set for measure in primary}
    return [
        name
        for name, measure in measures.items()
        if measure.metric == DEFAULT_SECONDARY_METRIC
        and measure.set in sets
        and measure.is_score
        and not measure.is_pooled
    ]


def has_cases(score: str) -> bool:
    """Whether cases are scored at the epoch that `score` takes."""
    return checkpoint_of_score(score) is not None


def checkpoint_of_score(score: str) -> str | None:
    """The checkpoint whose cases make a run's score; None where it is a mean over epochs."""
    return {"final": "final", "last-1": "final", "best": "best"}.get(score)
