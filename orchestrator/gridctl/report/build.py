"""From collected tables to a report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import pandas as pd

from gridctl.analysis.compared_scores import as_scored, instead_of_cases
from gridctl.analysis.comparisons import compare, corrected
from gridctl.analysis.inference.families import asked_comparisons, asked_metrics, asked_tests, is_secondary
from gridctl.analysis.inference.rankings import rankings
from gridctl.analysis.inference.resplits import split_sizes
from gridctl.analysis.inference.subgroup_differences import subgroup_differences
from gridctl.analysis.inference.subgroup_tests import subgroup_tests, subgroup_warnings, tested_subgroups
from gridctl.analysis.model import Comparison, Family, ModelRank, Report, TrainedModel, TunedModel
from gridctl.analysis.model.predictions import PredictionsRow
from gridctl.analysis.never_learned import never_learned, remarked
from gridctl.analysis.pairing.image_digests import same_images
from gridctl.analysis.pairing.pairs import Wanted, pair_ablations, pair_models, rows_by_name
from gridctl.analysis.pairing.tuned_pairs import Choices, pair_tuned
from gridctl.analysis.predictions.comparison import compare_predictions
from gridctl.analysis.predictions.prediction_set import PredictionSet
from gridctl.analysis.request import ReportRequest, check, compared_ablations
from gridctl.analysis.scorecards.published_scores import published_scores
from gridctl.analysis.scorecards.scorecard import scorecard, strata
from gridctl.analysis.scores import Observations, Scored
from gridctl.analysis.summaries import CellRuns, aggregates, runs_by_cell, summaries
from gridctl.analysis.tuning import budget, choices_of, chosen_cells, trained_as_chosen, tuned_models
from gridctl.collection.collect import Collected
from gridctl.experiment import Experiment
from gridctl.experiment.schema import ComparisonSpec
from gridctl.experiment.scores.measures import TEST, checkpoint_of_score, primary_measures
from gridctl.report.headline import headlines
from gridctl.report.predictions import prediction_headlines, prediction_warnings
from gridctl.report.provenance import provenance
from gridctl.report.rankings import rank_headlines
from gridctl.report.scope import Scope, scope_of
from gridctl.report.study import Measured, StudyComparison
from gridctl.report.subgroups import difference_headlines, subgroup_headlines
from gridctl.report.training_facts import not_converged, trained_models, unequal_updates, with_training
from gridctl.report.trends import trend_headlines
from gridctl.report.warnings import many_families, warnings


def build_report(
    experiment: Experiment,
    collected: Collected,
    request: ReportRequest,
    *,
    changes: Sequence[str] = (),
    outside: str = "",
    studies: Iterable[StudyComparison] = (),
    predictions: Mapping[str, PredictionSet] | None = None,
) -> Report:
    """Answer a request about an experiment.

    Args:
        experiment: Its grid, and what it compares.
        collected: What the store holds of it.
        request: What is asked.
        changes: What was changed since the first report, in sentences.
        outside: Why finished runs of the store are not in the grid.
        studies: Those that the experiment reproduces something of: each adds a section.
        predictions: By name, the masks that the request names.

    Raises:
        InputError: The request names no metric or score there is, the experiment compares nothing, or masks cannot be
            compared with its runs.
    """
    declared, experiment = (
        experiment,
        as_scored(
            experiment, collected.runs, collected.epochs, collected.cases, collected.measures, request.metrics or ()
        ),
    )
    check(request, experiment)
    finished = collected.runs.loc[collected.runs["finished"], "run_id"]
    epochs = collected.epochs[collected.epochs["run_id"].isin(finished)]
    scored = Scored(epochs, collected.cases, experiment.measures)
    asked = asked_comparisons(experiment, request)
    metrics = asked_metrics(experiment, request, asked)
    score = request.score or (asked[0].score if asked else "final")
    cells = runs_by_cell(experiment, collected.runs)
    tuned = tuned_models(experiment, collected.runs, scored, score)
    verdict_cells = chosen_cells(cells, tuned, collected.runs)
    cells_of_set = {row.set: cells for row in tuned}  # all that was tried is shown where it was chosen, and only there
    observations = Observations.of(scored, metrics, request.unit, score)
    comparisons, families, untested = (
        _comparisons(experiment, collected.runs, scored, asked_tests(experiment, request), request, choices_of(tuned))
        if request.significance
        else ([], [], [])
    )
    against_masks, of_masks = compare_predictions(experiment, collected.cases, cells, request, predictions or {})
    families = [*families, *of_masks]
    trained = trained_models(experiment, collected.runs)
    of_verdict = trained_as_chosen(trained, tuned)
    comparisons = [replace(part, rows=[with_training(row, of_verdict) for row in part.rows]) for part in comparisons]
    over_runs = comparisons if request.unit == "run" else []
    measured = Measured(experiment, collected.runs, epochs, over_runs, score, experiment.measures)
    checkpoint = checkpoint_of_score(score) or "final"
    compared = [experiment.measures[name] for name in metrics]
    ranked = [measure for measure in compared if measure.set not in cells_of_set]
    ranks, profiles = (
        rankings(verdict_cells, asked, ranked, observations, request) if request.significance else ([], [])
    )
    shown = sets_shown(experiment, metrics)
    rows_of_cases = [
        row
        for of_sets, here in _by_cells(shown, cells_of_set, verdict_cells)
        for row in scorecard(collected.cases, here, experiment.measures, of_sets, checkpoint)
    ]
    by_set = _by_cells(dict.fromkeys(measure.set for measure in compared), cells_of_set, verdict_cells)
    cells_of_metric = [
        (here, [measure.name for measure in compared if measure.set in of_sets]) for of_sets, here in by_set
    ]
    scopes = {
        name: scope_of(experiment.measures[name], experiment, collected.cases)
        for name in _told(comparisons, against_masks, ranks)
    }
    published, unpublished = published_scores(experiment, {row.set for row in rows_of_cases}, collected.cases)
    return Report(
        experiment=experiment.name,
        unit=request.unit,
        score="" if request.unit == "epoch" else score,
        summaries=[
            row for here, names in cells_of_metric for row in summaries(here, names, observations, request.unit)
        ],
        comparisons=comparisons,
        warnings=[
            *((instead,) if finished.size and (instead := instead_of_cases(declared, experiment, request)) else ()),
            *warnings(experiment, collected, request, comparisons, changes, outside),
            *untested,
            *prediction_warnings(against_masks, request, experiment),
            *many_families(families, comparisons),
            *not_converged(epochs, primary_measures(experiment.measures)),
        ],
        headlines=[
            *(never_learned(collected.runs, epochs, experiment.measures) if request.unit == "run" else ()),
            *(
                line
                for part in comparisons
                for line in _headlines(part, request.unit, collected.runs, of_verdict, tuned, scopes)
            ),
            *rank_headlines(ranks, scopes),
            *prediction_headlines(against_masks, scopes),
        ],
        aggregates=[
            row
            for here, names in cells_of_metric
            if here is not cells or not tuned  # no mean over what was only tried
            for row in aggregates(here, names, observations, request)
        ],
        families=families,
        measures=experiment.measures,
        studies=[study.section(measured) for study in studies],
        provenance=provenance(collected.runs, request.seed),
        scorecard=rows_of_cases,
        published=published,
        unpublished=unpublished,
        strata=[
            row
            for here, names in cells_of_metric
            for row in strata(collected.cases, here, [experiment.measures[name] for name in names], checkpoint)
        ],
        trained=trained,
        tuned=tuned,
        predictions=against_masks,
        ranks=ranks,
        profiles=profiles,
    )


def _by_cells(
    sets: Iterable[str], cells_of_set: Mapping[str, Sequence[CellRuns]], others: Sequence[CellRuns]
) -> list[tuple[list[str], Sequence[CellRuns]]]:
    """Sets in their order, those beside each other together that show the same cells."""
    found: list[tuple[list[str], Sequence[CellRuns]]] = []
    for name in sets:
        cells = cells_of_set.get(name, others)
        if found and found[-1][1] is cells:
            found[-1][0].append(name)
        else:
            found.append(([name], cells))
    return found


def sets_shown(experiment: Experiment, metrics: Sequence[str]) -> list[str]:
    """The sets whose scorecards a report shows: the test set only if a score of it was asked for."""
    sets = dict.fromkeys(measure.set for measure in experiment.measures.values())
    asked = {experiment.measures[name].set for name in metrics if name in experiment.measures}
    return [name for name in sets if name != TEST or name in asked]


def _comparisons(
    experiment: Experiment,
    runs: pd.DataFrame,
    scored: Scored,
    asked: Sequence[ComparisonSpec],
    request: ReportRequest,
    choices: Choices,
) -> tuple[list[Comparison], list[Family], list[str]]:
    found = []
    untested: dict[str, None] = {}
    rows = rows_by_name(runs) if asked else {}
    splits = split_sizes(runs)
    wanted = Wanted(strict=request.strict_pairs, differing=request.keep_differing_pairs)
    observed: dict[tuple[str, tuple[str, ...]], Observations] = {}
    for item in asked:
        key = (item.score, tuple(item.metrics))
        if key not in observed:
            observed[key] = Observations.of(scored, item.metrics, request.unit, item.score)
        if item.model == item.against:
            ablations = compared_ablations(experiment)
            pairs = pair_ablations(rows, item.model, ablations, same_images=same_images(experiment), wanted=wanted)
        elif item.tuned_on is not None:
            alike = same_images(experiment)
            pairs = pair_tuned(rows, item.model, item.against, choices, same_images=alike, wanted=wanted)
        else:
            pairs = pair_models(rows, item.model, item.against, wanted)
        made = compare(item, pairs, observed[key], experiment, request, asked, splits)
        if made.kind == "models" and request.unit == "run":
            groups = {
                name: tested_subgroups(item, experiment.measures[name], scored, observed[key]) for name in item.metrics
            }
            made = replace(
                made,
                subgroups=list(subgroup_tests(item, pairs, groups, experiment, asked)),
                subgroup_differences=list(subgroup_differences(item, pairs, groups, experiment, asked)),
            )
            about = [experiment.measures[name] for name in item.metrics if not is_secondary(item, name)]
            untested |= dict.fromkeys(subgroup_warnings(item, groups, observed[key], about))
        found.append(made)
    tested, families = corrected(found, asked, experiment, request.unit)
    return remarked(tested, runs, scored.epochs, experiment.measures), families, list(untested)


def _told(
    comparisons: Iterable[Comparison], against_masks: Iterable[PredictionsRow], ranks: Iterable[ModelRank]
) -> Iterable[str]:
    """Names of the scores that sentences are about."""
    of_comparisons = (row.metric for part in comparisons for row in part.rows)
    return dict.fromkeys([*of_comparisons, *(row.metric for row in against_masks), *(row.metric for row in ranks)])


def _headlines(
    comparison: Comparison,
    unit: str,
    runs: pd.DataFrame,
    trained: Sequence[TrainedModel],
    tuned: Sequence[TunedModel],
    scopes: Mapping[str, Scope],
) -> Iterator[str]:
    compared = runs["model"].isin([comparison.model, comparison.against])
    unfinished = int((compared & ~runs["finished"]).sum())
    for metric in dict.fromkeys(row.metric for row in comparison.rows if not row.secondary):
        rows = [row for row in comparison.rows if row.metric == metric]
        overall = next((row for row in comparison.overall if row.metric == metric), None)
        scope = scopes[metric]
        yield from headlines(rows, unit, scope, unfinished=unfinished, runs=int(compared.sum()), overall=overall)
        yield from trend_headlines((row for row in comparison.trends if row.metric == metric), scope)
        of_metric = [row for row in comparison.subgroups if row.compared == metric]
        yield from subgroup_headlines(of_metric, scope)
        apart = [row for row in comparison.subgroup_differences if row.compared == metric]
        yield from difference_headlines(apart, scope)
    if comparison.kind == "models" and (said := budget(tuned, comparison.model, comparison.against)):
        yield said
    unequal = unequal_updates(trained, comparison.model, comparison.against) if unit == "run" else ""
    if unequal and comparison.kind == "models":
        yield unequal
