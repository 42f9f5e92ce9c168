"""One comparison over the whole grid: cells of one seed share patients, so a seed is one observation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import fields as fields_of
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as t_distribution

from gridctl.analysis.inference.claims import patient_tables, with_readings
from gridctl.analysis.inference.families import cells_of, overall_family_of
from gridctl.analysis.inference.stopping import stopped
from gridctl.analysis.model import Overall, PairScore
from gridctl.analysis.scorecards.patient_scores import PairOfPatients
from gridctl.analysis.statistics.equivalence import tost
from gridctl.analysis.statistics.improvement import wins
from gridctl.analysis.statistics.multiplicity import holm, within_families
from gridctl.analysis.statistics.over_grid import GridEstimate, improvement_over_grid, iqm_difference, mean_over_grid
from gridctl.analysis.wording import LEVEL, is_equivalent_overall, overall_verdict
from gridctl.experiment import Experiment
from gridctl.experiment.schema import ComparisonSpec
from gridctl.experiment.scores.measures import Measure

_FIELDS: Final = frozenset(field.name for field in fields_of(Overall))


def seed_table(
    values: Iterable[tuple[Hashable, Hashable, float]], columns: Sequence[Hashable] = ()
) -> NDArray[np.float64]:
    """Values as seeds x columns, NaN where one is missing.

    Args:
        values: Triples of seed, column (the cell, with its fold) and value.
        columns: All columns of the table, also those without values.
    """
    given = list(values)
    rows = {seed: row for row, seed in enumerate(dict.fromkeys(seed for seed, _, _ in given))}
    places = {name: place for place, name in enumerate(dict.fromkeys([*columns, *(name for _, name, _ in given)]))}
    table = np.full((len(rows), len(places)), np.nan)
    for seed, column, value in given:
        table[rows[seed], places[column]] = value
    return table


def overall(
    asked: ComparisonSpec,
    measure: Measure,
    pairs: Sequence[tuple[PairScore, PairOfPatients | None]],
    experiment: Experiment,
    unfinished: int,
    tests: int = 1,
) -> Overall:
    """Test one comparison over the whole grid; p is not corrected yet.

    Args:
        asked: What is compared.
        measure: The score.
        pairs: Its pairs on that measure, each with its patients where there are scores of them.
        experiment: Its grid says which cells and folds there are.
        unfinished: Pairs that wait for a run.
        tests: Of its family: a confidence sequence inside the margin is of level 0.05 over so many.
    """
    cells = cells_of(asked, experiment)
    columns = [(*cell, fold) for cell in cells for fold in experiment.folds]
    scored = [pair for pair, _ in pairs]

    def table(values: Iterable[float]) -> NDArray[np.float64]:
        places = ((pair.seed, (pair.train_ratio, pair.ablation, pair.fold)) for pair in scored)
        return seed_table(((seed, place, value) for (seed, place), value in zip(places, values, strict=True)), columns)

    first, second = (np.array([getattr(pair, side) for pair in scored]) for side in ("model_score", "against_score"))
    mean = mean_over_grid(table(first - second))
    middle = iqm_difference(table(first), table(second))
    better = improvement_over_grid(table(wins(first, second, higher_is_better=measure.higher_is_better)))
    made = Overall(
        metric=measure.name,
        model=asked.model,
        against=asked.against,
        cells=len({(pair.train_ratio, pair.ablation) for pair in scored}),
        n_pairs=len(scored),
        iqm_difference=middle.value if middle else None,
        iqm_low=middle.ci_low if middle else None,
        iqm_high=middle.ci_high if middle else None,
        probability_of_improvement=better.share if better else None,
        improvement_low=better.ci_low if better else None,
        improvement_high=better.ci_high if better else None,
        label=measure.label,
        higher_is_better=measure.higher_is_better,
        n_seeds=mean.n if mean else 0,
        unfinished=unfinished,
    )
    fields: dict[str, Any] = {
        "difference": mean.value if mean else None,
        "ci_low": mean.ci_low if mean else None,
        "ci_high": mean.ci_high if mean else None,
        "t": mean.t if mean else None,
        "degrees_of_freedom": mean.degrees_of_freedom if mean else 0,
        "p": mean.p if mean else None,
        "p_tost": _tost(mean, asked.equivalence_margin),
    }
    of_patients = [
        (pair.seed, (pair.train_ratio, pair.ablation), shared) for pair, shared in pairs if shared is not None
    ]
    told = with_readings(fields, asked, _over_cells(of_patients, cells) if of_patients else None)
    of_seeds = table(first - second)
    complete = of_seeds[np.isfinite(of_seeds).all(axis=1)].mean(axis=1) if of_seeds.size else np.array([])
    told = stopped(told, asked, complete, tests) | {"equivalence_margin": asked.equivalence_margin}
    return replace(made, **{name: value for name, value in told.items() if name in _FIELDS})


def _tost(mean: GridEstimate | None, margin: float | None) -> float | None:
    if margin is None or mean is None or mean.ci_high is None or mean.p is None:
        return None
    reach = (mean.ci_high - mean.value) / float(t_distribution.ppf(1 - LEVEL / 2, mean.degrees_of_freedom))
    return tost(mean.value, reach, mean.degrees_of_freedom, margin).p


def _over_cells(
    pairs: Sequence[tuple[int, Hashable, PairOfPatients]], cells: Sequence[Hashable]
) -> NDArray[np.float64]:
    """Seeds x patients: mean over cells of each patient who was scored in all of them; NaN for the others."""
    table: NDArray[np.float64] = patient_tables(pairs, cells).mean(axis=0)
    return table


def overall_corrected(parts: Sequence[Sequence[Overall]], tests: Sequence[ComparisonSpec]) -> list[list[Overall]]:
    """Overall tests, each corrected within its family: one metric's is alone unless a wider family is declared.

    Args:
        parts: Tests of each comparison.
        tests: The comparison of each part.
    """
    names = [
        [overall_family_of(item, row.metric, row.label, tests) for row in part]
        for part, item in zip(parts, tests, strict=True)
    ]
    sizes = Counter(name for of_part in names for name in of_part)
    after = within_families(holm, [[row.p for row in part] for part in parts], names)
    alike = within_families(holm, [[row.p_tost for row in part] for part in parts], names)
    finished = []
    for part, of_part, corrected, p_alike in zip(parts, names, after, alike, strict=True):
        told = [
            replace(row, p_holm=p, p_tost_holm=p_tost, family=name, family_size=sizes[name])
            for row, name, p, p_tost in zip(part, of_part, corrected, p_alike, strict=True)
        ]
        told = [replace(row, equivalent=is_equivalent_overall(row)) for row in told]
        finished.append([replace(row, verdict=overall_verdict(row)) for row in told])
    return finished
