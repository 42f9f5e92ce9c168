"""Comparisons: every cell tested, then corrected in families."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from gridctl.analysis.cell_tests import paired_tests, unpaired_test
from gridctl.analysis.families import cells_of, family_of, family_sizes
from gridctl.analysis.model import Comparison, ComparisonRow, Family, Overall, PairScore
from gridctl.analysis.pairs import Cause, DroppedPair, Pair, Pairs
from gridctl.analysis.patient_scores import PairOfPatients, said_of
from gridctl.analysis.request import Question
from gridctl.analysis.scores import Observations
from gridctl.analysis.statistics.improvement import wins
from gridctl.analysis.statistics.multiplicity import benjamini_hochberg, holm
from gridctl.analysis.statistics.over_grid import iqm_difference, mean_over_cells
from gridctl.analysis.wording import LEVEL, floor, verdict
from gridctl.experiment import Experiment
from gridctl.experiment.measures import Measure
from gridctl.experiment.schema import ComparisonSpec

GRID_RESAMPLES: Final = 1999
"""Of intervals over the whole grid."""

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
    asked: ComparisonSpec, pairs: Pairs, observations: Observations, experiment: Experiment, question: Question
) -> Comparison:
    """Test every cell of one comparison; p is not corrected yet.

    Args:
        asked: What is compared on what; `model` is `against` where its ablations are.
        pairs: Its pairs.
        observations: Scores of finished runs.
        experiment: Its grid says which cells there are.
        question: Unit and seed.
    """
    kind = "ablations" if asked.model == asked.against else "models"
    cells = cells_of(asked, experiment)
    rows: list[ComparisonRow] = []
    scored: list[PairScore] = []
    dropped = list(pairs.dropped)
    overall: list[Overall] = []
    for metric in asked.metrics:
        measure = experiment.measures[metric]
        usable, without = _usable(pairs, observations, measure)
        dropped += without
        by_cell: dict[tuple[float, str], list[Pair]] = defaultdict(list)
        for pair in usable:
            by_cell[pair.train_ratio, pair.ablation].append(pair)
        for cell in cells:
            here = Counter(
                pair.cause
                for pair in dropped
                if (pair.train_ratio, pair.ablation) == cell and pair.metric in ("", metric)
            )
            rows.append(_row(asked, measure, cell, by_cell[cell], pairs, observations, question, here))
        if question.unit == "run":
            of_metric = [_scored(metric, pair, observations) for pair in usable]
            scored += of_metric
            if kind == "models":
                overall.append(_overall(asked, measure, of_metric, question.seed))
    return Comparison(asked.model, asked.against, asked.score, rows, dropped, pairs.unlike, kind, scored, overall)


def corrected(
    comparisons: Sequence[Comparison], tests: Sequence[ComparisonSpec], experiment: Experiment, unit: str
) -> tuple[list[Comparison], list[Family]]:
    """Correct the p of every row within its family, and say what all of it allows.

    Args:
        comparisons: As `compare` returns them.
        tests: What each of them was asked.
        experiment: Its grid says how many tests a family has.
        unit: `run` or `epoch`.
    """
    sizes = family_sizes(tests, experiment)
    names = [
        [family_of(item, row.label, tests) for row in comparison.rows]
        for comparison, item in zip(comparisons, tests, strict=True)
    ]
    members: dict[str, list[float | None]] = defaultdict(list)
    declared_as: dict[str, str] = {}
    for comparison, of_rows, item in zip(comparisons, names, tests, strict=True):
        for row, name in zip(comparison.rows, of_rows, strict=True):
            members[name].append(row.p)
            declared_as[name] = item.family
    after = {name: iter(zip(holm(values), benjamini_hochberg(values), strict=True)) for name, values in members.items()}
    finished = []
    for comparison, of_rows in zip(comparisons, names, strict=True):
        rows = []
        for row, name in zip(comparison.rows, of_rows, strict=True):
            p_holm, p_bh = next(after[name])
            exact = row.p_permutation is not None
            told = replace(
                row,
                p_holm=p_holm,
                p_bh=p_bh,
                family=name,
                family_size=sizes[name],
                floor=floor(row.n_pairs, sizes[name]) if exact else "",
            )
            rows.append(replace(told, verdict=verdict(told, unit)))
        floors = tuple(dict.fromkeys(row.floor for row in rows if row.floor))
        finished.append(replace(comparison, rows=rows, floors=floors))
    return finished, [Family(name, sizes[name], declared_as[name], LEVEL) for name in members]


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
    question: Question,
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
            unit=question.unit,
            margin=asked.equivalence_margin,
            seed=question.seed,
        )
    elif question.unit == "run":
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


def _overall(asked: ComparisonSpec, measure: Measure, scored: Sequence[PairScore], seed: int) -> Overall:
    cells = list(_by_cell(scored))
    middle = iqm_difference(cells, resamples=GRID_RESAMPLES, seed=seed)
    won = [wins(cell[:, 0], cell[:, 1], higher_is_better=measure.higher_is_better) for cell in cells]
    better = mean_over_cells(won, resamples=GRID_RESAMPLES, seed=seed)
    return Overall(
        metric=measure.name,
        model=asked.model,
        against=asked.against,
        cells=len(cells),
        n_pairs=len(scored),
        iqm_difference=middle.value if middle else None,
        iqm_low=middle.ci_low if middle else None,
        iqm_high=middle.ci_high if middle else None,
        probability_of_improvement=better.value if better else None,
        improvement_low=better.ci_low if better else None,
        improvement_high=better.ci_high if better else None,
    )


def _by_cell(scored: Sequence[PairScore]) -> Iterator[np.ndarray]:
    cells: dict[tuple[float, str], list[tuple[float, float]]] = defaultdict(list)
    for pair in scored:
        cells[pair.train_ratio, pair.ablation].append((pair.model_score, pair.against_score))
    for values in cells.values():
        yield np.array(values)
