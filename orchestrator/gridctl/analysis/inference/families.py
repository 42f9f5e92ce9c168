"""Which tests are asked for, and which of them are corrected together: the same for `report` and for `plan`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from gridctl.analysis.compared_scores import declares_metrics
from gridctl.analysis.request import ReportRequest, asked_by_name, compared_ablations
from gridctl.experiment import Experiment
from gridctl.experiment.schema import TUNED, ComparisonSpec
from gridctl.experiment.scores.measures import Measure, Measures, default_scores, default_secondary_scores, has_cases
from gridctl_trainer.contract.score_name import VALIDATION


def asked_comparisons(experiment: Experiment, request: ReportRequest) -> list[ComparisonSpec]:
    """The comparisons of the file, as the command line changes them."""
    by_name = asked_by_name(experiment, request)
    asked = []
    for index, item in enumerate(experiment.compare):
        score = request.score or item.score
        declared = by_name or (item.metrics if declares_metrics(experiment, index) else ())
        metrics = declared or default_scores(experiment.measures, score, request.unit)
        beside = not by_name and request.unit != "epoch"
        secondary = _secondary(item, score, experiment.measures, declares=bool(declared)) if beside else []
        update = {"metrics": tuple(metrics), "secondary": tuple(secondary), "score": score}
        asked.append(item.model_copy(update=update))
    return asked


def _secondary(item: ComparisonSpec, score: str, measures: Measures, *, declares: bool) -> list[str]:
    """Those that are named, but for scores of cases where `score` has none; else the default where no metric is."""
    if item.secondary is None:
        return [] if declares else default_secondary_scores(measures, score)
    return [name for name in item.secondary if has_cases(score) or measures[name].level == "slice"]


def asked_ablations(
    experiment: Experiment, asked: Sequence[ComparisonSpec], metrics: Sequence[str], score: str
) -> Iterator[ComparisonSpec]:
    """Every model's ablations against `none`, declared as the first comparison is."""
    if not compared_ablations(experiment):
        return
    like = asked[0] if asked else ComparisonSpec(model="none", against="none")
    for model in experiment.models:
        update = {"model": model, "against": model, "metrics": tuple(metrics), "secondary": (), "score": score}
        update |= {"subgroups": ()}
        yield like.model_copy(update=update)


def asked_metrics(experiment: Experiment, request: ReportRequest, asked: Sequence[ComparisonSpec]) -> list[str]:
    """Scores of the tables and of ablations: those asked for, else of the comparisons, else of the first metric."""
    wanted = asked_by_name(experiment, request) or dict.fromkeys(metric for item in asked for metric in item.metrics)
    return list(wanted) or default_scores(experiment.measures, request.score or "final", request.unit)


def asked_tests(experiment: Experiment, request: ReportRequest) -> list[ComparisonSpec]:
    """Everything that `--significance` tests, secondary scores last; `model` is `against` where its ablations are.

    Scores of an epoch or an ablation that was chosen on the patients that they score are shown and not tested.
    """
    asked = asked_comparisons(experiment, request)
    score = request.score or (asked[0].score if asked else "final")
    every = [*asked, *asked_ablations(experiment, asked, asked_metrics(experiment, request, asked), score)]
    tests = []
    for item in every:
        wanted = dict.fromkeys((*item.metrics, *(item.secondary or ())))
        metrics = [name for name in wanted if not is_selected(item.score, experiment.measures[name], item.tuned_on)]
        if metrics or not item.metrics:
            tests.append(item.model_copy(update={"metrics": tuple(metrics)}))
    return tests


def is_secondary(item: ComparisonSpec, metric: str) -> bool:
    """Whether a score is tested beside those that the comparison is about."""
    return metric in (item.secondary or ())


def tested_by(item: ComparisonSpec, metric: str) -> ComparisonSpec:
    """A comparison as it is tested by one score: what is declared in units of the primary ones is theirs alone."""
    if not is_secondary(item, metric):
        return item
    return item.model_copy(update={"equivalence_margin": None, "effect": None, "effect_sd": None, "trend": None})


def is_selected(score: str, measure: Measure, tuned_on: str | None = None) -> bool:
    """Whether the epoch of a score, or the ablation that it is of, was chosen on the patients whose score it is.

    Args:
        score: How the epochs of a run become its score.
        measure: Which score.
        tuned_on: The set on which each model chooses among the ablations.
    """
    return (score == "best" and measure.set == VALIDATION) or measure.set == tuned_on


def cells_of(item: ComparisonSpec, experiment: Experiment) -> list[tuple[float, str]]:
    """Where it is tested: every train ratio and ablation, in the order of the grid; under each ratio once if tuned."""
    if item.tuned_on is not None and item.model != item.against:
        return [(ratio, TUNED) for ratio in experiment.train_ratios]
    ablations = [name for name in experiment.ablations if item.model != item.against or name != "none"]
    return [(ratio, ablation) for ratio in experiment.train_ratios for ablation in ablations]


def family_of(item: ComparisonSpec, metric: str, label: str, tests: Sequence[ComparisonSpec]) -> str:
    """The family that a test of one comparison on one score belongs to; secondary scores are never in one with others.

    Args:
        item: The comparison.
        metric: The score.
        label: What it is called in text.
        tests: All that are asked for.
    """
    beside = ", secondary" if is_secondary(item, metric) else ""
    if item.family == "experiment":
        return f"all tests{beside}"
    if item.family == "metric" and _of_several_models(item, metric, tests):
        scores = {other.score for other in tests if other.model != other.against}
        return f"all comparisons of models{f' ({item.score})' if len(scores) > 1 else ''}{beside}, {label}"
    name = f"ablations of {item.model}" if item.model == item.against else f"{item.model} against {item.against}"
    twice = sum((other.model, other.against) == (item.model, item.against) for other in tests) > 1
    name += f" ({item.score})" if twice else ""
    return f"{name}{beside}" if item.family == "comparison" else f"{name}, {label}"


def _of_several_models(item: ComparisonSpec, metric: str, tests: Sequence[ComparisonSpec]) -> bool:
    """Whether other models are compared by the same score: which of them is better is then one question."""
    if item.model == item.against:
        return False
    alike = (
        other
        for other in tests
        if other.model != other.against and (other.family, other.score) == (item.family, item.score)
    )
    return len({frozenset((other.model, other.against)) for other in alike if metric in other.metrics}) > 1


def overall_family_of(item: ComparisonSpec, metric: str, label: str, tests: Sequence[ComparisonSpec]) -> str:
    """The family of a comparison's one test over the whole grid: it is asked first, and apart from the cells."""
    return f"{family_of(item, metric, label, tests)}, over the whole grid"


def overall_family_sizes(tests: Sequence[ComparisonSpec], experiment: Experiment) -> Counter[str]:
    """How many tests over the whole grid each family has: ablations have none."""
    return Counter(
        overall_family_of(item, metric, experiment.measures[metric].label, tests)
        for item in tests
        if item.model != item.against
        for metric in item.metrics
    )


def family_sizes(tests: Sequence[ComparisonSpec], experiment: Experiment) -> Counter[str]:
    """How many tests each family has once every run is finished."""
    return Counter(
        family_of(item, metric, experiment.measures[metric].label, tests)
        for item in tests
        for metric in item.metrics
        for _ in cells_of(item, experiment)
    )
