"""Comparisons: every cell tested, then corrected in families."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from gridctl.analysis.inference.cell_tests import paired_tests, unpaired_test
from gridctl.analysis.inference.claims import patient_table, posterior_fields, with_readings
from gridctl.analysis.inference.families import (
    cells_of,
    family_of,
    family_sizes,
    is_secondary,
    overall_family_of,
    overall_family_sizes,
    tested_by,
)
from gridctl.analysis.inference.overall import overall, overall_corrected
from gridctl.analysis.inference.resplits import SplitSizes, check_resplits, resplit_fields
from gridctl.analysis.inference.stopping import first_look, in_every_cell, looked_at, stopped
from gridctl.analysis.inference.subgroup_differences import differences_corrected
from gridctl.analysis.inference.subgroup_tests import subgroups_corrected
from gridctl.analysis.inference.trends import interactions, trend_test, trends_corrected
from gridctl.analysis.model import Comparison, ComparisonRow, Family, Interaction, Overall, PairScore, TrendTest
from gridctl.analysis.pairing.pairs import Cause, DroppedPair, Pair, Pairs, pairs_by_cell
from gridctl.analysis.request import ReportRequest
from gridctl.analysis.scorecards.patient_scores import PairOfPatients, said_of
from gridctl.analysis.scores import Observations
from gridctl.analysis.statistics.multiplicity import benjamini_hochberg, holm, within_families
from gridctl.analysis.wording import LEVEL, floor, is_equivalent, verdict
from gridctl.experiment import Experiment
from gridctl.experiment.schema import ComparisonSpec
from gridctl.experiment.scores.measures import Measure

_TESTED: Final = ("test", "difference", "ci_low", "ci_high", "t", "degrees_of_freedom", "p", "p_tost")
"""Fields of a row that depend on the declared claim."""

_NOTHING: Final[Mapping[str, Any]] = {
    "n_pairs": 0,
    "model_mean": None,
    "model_sd": None,
    "against_mean": None,
    "against_sd": None,
    "difference": None,
    "ci_low": None,
    "ci_high": None,
    "t": None,
    "degrees_of_freedom": 0,
    "p": None,
    "hedges_g_av": None,
    "hedges_g_z": None,
}


def compare(
    asked: ComparisonSpec,
    pairs: Pairs,
    observations: Observations,
    experiment: Experiment,
    request: ReportRequest,
    tests: Sequence[ComparisonSpec],
    splits: Mapping[str, SplitSizes],
) -> Comparison:
    """Test every cell of one comparison; p is not corrected yet.

    Args:
        asked: The comparison; `model` equals `against` for ablations.
        pairs: Its pairs.
        observations: Scores of finished runs.
        experiment: Its grid says which cells there are.
        request: Unit and seed.
        tests: All tests that are asked for, which decide what is corrected together.
        splits: By run id, how many patients its split has.

    Raises:
        InputError: A claim about patients like these is declared that a score cannot carry.
    """
    sizes, whole_sizes = family_sizes(tests, experiment), overall_family_sizes(tests, experiment)
    kind = "ablations" if asked.model == asked.against else "models"
    cells = cells_of(asked, experiment)
    rows: list[ComparisonRow] = []
    scored: list[PairScore] = []
    dropped = list(pairs.dropped)
    over_grid: list[Overall] = []
    trends: list[TrendTest] = []
    changed: list[Interaction] = []
    for metric in asked.metrics:
        measure = experiment.measures[metric]
        item = tested_by(asked, metric)
        if asked.claim == "population" and request.unit == "run" and metric not in observations.patients:
            check_resplits(asked, measure, experiment)
        usable, without = _usable(pairs, observations, measure)
        dropped += without
        score_of = {pair: _scored(metric, pair, observations) for pair in usable} if request.unit == "run" else {}
        by_cell = pairs_by_cell(usable)
        tested: list[Sequence[Pair]] = []
        for cell in cells:
            here = Counter(
                pair.cause
                for pair in dropped
                if (pair.train_ratio, pair.ablation) == cell and pair.metric in ("", metric)
            )
            usable_now = looked_at(asked, by_cell[cell], experiment) if request.unit == "run" else by_cell[cell]
            tested.append(usable_now)
            row = _row(item, measure, cell, usable_now, pairs, observations, request, here)
            if request.unit == "run" and usable_now:
                differences = np.array([score_of[pair].difference for pair in usable_now])
                row = _as_declared(row, item, usable_now, observations, differences, sizes, tests, splits)
            rows.append(replace(row, first_look=first_look(asked), secondary=is_secondary(asked, metric)))
        if request.unit == "run":
            scored += score_of.values()
            looked = asked.stopping == "fixed" or all(tested)
            if kind == "models" and looked and (metric in observations.patients or asked.claim != "population"):
                common = in_every_cell(asked, tested)
                grid = [(score_of[pair], _patients(metric, pair, observations)) for pair in common]
                waiting = (
                    0 if asked.stopping != "fixed" else sum(row.unfinished for row in rows if row.metric == metric)
                )
                together = whole_sizes[overall_family_of(asked, metric, measure.label, tests)]
                over_grid.append(overall(item, measure, grid, experiment, waiting, together))
                if is_secondary(asked, metric):
                    continue
                if (found := trend_test(asked, measure, grid, experiment, waiting)) is not None:
                    trends.append(found)
                changed += interactions(asked, measure, grid, experiment, waiting)
    return Comparison(
        asked.model,
        asked.against,
        asked.score,
        rows,
        dropped,
        pairs.unlike,
        kind,
        scored,
        over_grid,
        trends=trends,
        interactions=changed,
    )


def corrected(
    comparisons: Sequence[Comparison], tests: Sequence[ComparisonSpec], experiment: Experiment, unit: str
) -> tuple[list[Comparison], list[Family]]:
    """Correct the p of every row within its family, and add the verdicts.

    Args:
        comparisons: As `compare` returns them.
        tests: What each of them asks.
        experiment: Its grid says how many tests a family has.
        unit: `run` or `epoch`.
    """
    sizes = family_sizes(tests, experiment)
    names = [
        [family_of(item, row.metric, row.label, tests) for row in comparison.rows]
        for comparison, item in zip(comparisons, tests, strict=True)
    ]
    declared_as = {name: item.family for of_rows, item in zip(names, tests, strict=True) for name in of_rows}
    p_values = [[row.p for row in comparison.rows] for comparison in comparisons]
    by_holm = within_families(holm, p_values, names)
    by_bh = within_families(benjamini_hochberg, p_values, names)
    alike = within_families(holm, [[row.p_tost for row in comparison.rows] for comparison in comparisons], names)
    over_grid = overall_corrected([comparison.overall for comparison in comparisons], tests)
    trends = trends_corrected([comparison.trends for comparison in comparisons], tests)
    groups = subgroups_corrected([comparison.subgroups for comparison in comparisons], tests)
    apart = differences_corrected([comparison.subgroup_differences for comparison in comparisons], tests)
    finished = []
    for index, (comparison, of_grid, of_trends) in enumerate(zip(comparisons, over_grid, trends, strict=True)):
        rows = []
        corrected = zip(comparison.rows, names[index], by_holm[index], by_bh[index], alike[index], strict=True)
        for row, name, p_holm, p_bh, p_tost_holm in corrected:
            exact = row.p_permutation is not None
            told = replace(
                row,
                p_holm=p_holm,
                p_bh=p_bh,
                p_tost_holm=p_tost_holm,
                family=name,
                family_size=sizes[name],
                floor=floor(row.n_pairs, sizes[name]) if exact and row.claim == "cohort" else "",
            )
            told = replace(told, equivalent=is_equivalent(told))
            rows.append(replace(told, verdict=verdict(told, unit)))
        floors = tuple(dict.fromkeys(row.floor for row in rows if row.floor))
        finished.append(
            replace(
                comparison,
                rows=rows,
                floors=floors,
                overall=of_grid,
                trends=of_trends,
                subgroups=groups[index],
                subgroup_differences=apart[index],
            )
        )
    beside = {row.family for part in finished for row in part.rows if row.secondary}
    families = [Family(name, sizes[name], declared_as[name], LEVEL, secondary=name in beside) for name in declared_as]
    for kind, parts in (("subgroups", groups), ("subgroup_differences", apart)):
        declared = {row.family: row.family_size for part in parts for row in part if row.declared}
        families += [Family(name, size, kind, LEVEL) for name, size in declared.items()]
    return finished, families


def _as_declared(
    row: ComparisonRow,
    asked: ComparisonSpec,
    pairs: Sequence[Pair],
    observations: Observations,
    differences: np.ndarray,
    sizes: Mapping[str, int],
    tests: Sequence[ComparisonSpec],
    splits: Mapping[str, SplitSizes],
) -> ComparisonRow:
    """A row of paired t-tests adjusted for the declared claim and looks, with both readings."""
    shared = [(pair.seed, of_pair) for pair in pairs if (of_pair := _patients(row.metric, pair, observations))]
    told = with_readings(
        {name: getattr(row, name) for name in _TESTED}, asked, patient_table(shared) if shared else None
    )
    if not shared and asked.claim == "population":
        told |= resplit_fields(asked, differences, splits.get(pairs[0].model_run))
    told |= posterior_fields(told, asked)
    told = stopped(told, asked, differences, sizes[family_of(asked, row.metric, row.label, tests)])
    return replace(row, **told)


def _patients(metric: str, pair: Pair, observations: Observations) -> PairOfPatients | None:
    return observations.patients_of_pair(metric, pair.model_run, pair.against_run)


def _usable(pairs: Pairs, observations: Observations, measure: Measure) -> tuple[list[Pair], list[DroppedPair]]:
    """Pairs with a score on this metric, and those without."""
    usable, without = [], []
    for pair in pairs.complete:
        halves = (pair.model_run, pair.against_run)
        lacking = [run for run in halves if not len(observations.of_runs(measure.name, [run]))]
        shared = observations.patients_of_pair(measure.name, *halves)
        if not lacking and shared is not None and not shared.patients:
            reason = f"no patient has a {measure.label} in both"
            without.append(DroppedPair(*_place(pair), reason, measure.name, "score", pair.fold))
        elif lacking:
            verb = "logged no" if measure.level == "slice" else "has no patient with a"
            reason = f"{' and '.join(lacking)} {verb} {measure.label}"
            without.append(DroppedPair(*_place(pair), reason, measure.name, "score", pair.fold))
        else:
            usable.append(pair)
    return usable, without


def _place(pair: Pair) -> tuple[float, str, int]:
    return pair.train_ratio, pair.ablation, pair.seed


def _row(
    asked: ComparisonSpec,
    measure: Measure,
    cell: tuple[float, str],
    pairs: Sequence[Pair],
    all_pairs: Pairs,
    observations: Observations,
    request: ReportRequest,
    dropped: Counter[Cause],
) -> ComparisonRow:
    fields: Mapping[str, Any] | None = None
    shared: Sequence[PairOfPatients | None] = ()
    if pairs:
        both = [observations.of_pair(measure.name, pair.model_run, pair.against_run) for pair in pairs]
        shared = [observations.patients_of_pair(measure.name, pair.model_run, pair.against_run) for pair in pairs]
        first, second = (np.concatenate([half[side] for half in both]) for side in (0, 1))
        fields = paired_tests(
            first,
            second,
            higher_is_better=measure.higher_is_better,
            unit=request.unit,
            margin=asked.equivalence_margin,
            seed=request.seed,
        )
    elif request.unit == "run" and asked.stopping == "fixed":
        alone = all_pairs.alone.get(cell, ((), ()))
        a, b = (observations.of_runs(measure.name, runs) for runs in alone)
        fields = unpaired_test(a, b, asked.equivalence_margin)
    left_out = {patient: why for pair in shared if pair for patient, why in pair.left_out.items()}
    return ComparisonRow(
        metric=measure.name,
        label=measure.label,
        higher_is_better=measure.higher_is_better,
        train_ratio=cell[0],
        ablation=cell[1],
        model=asked.model,
        against=asked.against,
        against_ablation="none" if asked.model == asked.against else cell[1],
        **{**_NOTHING, **(fields or {"equivalence_margin": asked.equivalence_margin})},
        p_holm=None,
        family_size=0,
        dropped=dropped.total(),
        unfinished=dropped["unfinished"],
        differing=dropped["data"] + dropped["code"],
        verdict="",
        patients=len({patient for pair in shared if pair for patient in pair.patients}),
        patients_left_out=len(left_out),
        left_out_because=said_of(left_out),
    )


def _scored(metric: str, pair: Pair, observations: Observations) -> PairScore:
    a, b = observations.of_pair(metric, pair.model_run, pair.against_run)
    shared = observations.patients_of_pair(metric, pair.model_run, pair.against_run)
    return PairScore(
        metric=metric,
        train_ratio=pair.train_ratio,
        ablation=pair.ablation,
        against_ablation=pair.against_ablation,
        seed=pair.seed,
        model_run=pair.model_run,
        against_run=pair.against_run,
        model_score=float(a[0]),
        against_score=float(b[0]),
        difference=float(a[0] - b[0]),
        unlike=pair.unlike,
        fold=pair.fold,
        patients=len(shared.patients) if shared else 0,
        patients_left_out=len(shared.left_out) if shared else 0,
    )
