"""Whether the lead of a model grows as the data shrink, and whether an ablation changes it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gridctl.analysis.inference.claims import claim_of, patient_tables
from gridctl.analysis.inference.families import family_of
from gridctl.analysis.inference.overall import seed_table
from gridctl.analysis.inference.trend_lines import line_of_patients, line_of_seeds
from gridctl.analysis.inference.trend_wording import interaction_verdict, trend_verdict
from gridctl.analysis.model import Interaction, PairScore, TrendTest
from gridctl.analysis.scorecards.patient_scores import PairOfPatients
from gridctl.analysis.statistics.moderators.interaction import interaction
from gridctl.analysis.statistics.moderators.trend import page_l, patient_trend_differences, trend
from gridctl.analysis.statistics.multiplicity import holm, within_families
from gridctl.analysis.statistics.population.two_way import two_way
from gridctl.experiment import Experiment
from gridctl.experiment.schema import TUNED, ComparisonSpec
from gridctl.experiment.scores.measures import Measure

Scored = Sequence[tuple[PairScore, PairOfPatients | None]]
"""Pairs, each with its patients where there are scores of them."""

_NONE: Final = "none"


def trend_test(
    asked: ComparisonSpec, measure: Measure, pairs: Scored, experiment: Experiment, unfinished: int
) -> TrendTest | None:
    """Test one comparison's lead against the amount of data, without ablations.

    Args:
        asked: What is compared.
        measure: The score; the lead is the difference in the direction that is better.
        pairs: Its pairs on that measure.
        experiment: Its train ratios and folds.
        unfinished: Pairs that wait for a run.

    Returns:
        The test, p not corrected; None with one train ratio.
    """
    ratios = experiment.train_ratios
    if len(ratios) < 2:
        return None
    ablation = _NONE if _NONE in experiment.ablations else experiment.ablations[0]
    ablation = ablation if asked.tuned_on is None else TUNED
    chosen = [(pair, shared) for pair, shared in pairs if pair.ablation == ablation]
    sign = 1.0 if measure.higher_is_better else -1.0
    table = sign * _by_seed([pair for pair, _ in chosen], ratios, experiment, "train_ratio")
    cohort = trend(ratios, table)
    page = page_l(ratios, table, grows_as_data_shrink=asked.trend != "shrinks")
    made = TrendTest(
        metric=measure.name,
        label=measure.label,
        model=asked.model,
        against=asked.against,
        ablation=ablation,
        declared=asked.trend or "",
        unfinished=unfinished,
        n_seeds=cohort.n,
        per_halving=_negative(cohort.slope),
        ci_low=_negative(cohort.high),
        ci_high=_negative(cohort.low),
        t=_negative(cohort.t),
        degrees_of_freedom=cohort.degrees_of_freedom,
        p=cohort.p,
        page_l=page.l if page else None,
        p_page=page.p if page else None,
        page_exact=page.exact if page else True,
    )
    made = replace(
        made,
        cohort_per_halving=made.per_halving,
        cohort_low=made.ci_low,
        cohort_high=made.ci_high,
        cohort_p=made.p,
    )
    of_patients = [(pair.seed, pair.train_ratio, shared) for pair, shared in chosen if shared is not None]
    tables = sign * patient_tables(of_patients, list(ratios)) if of_patients else None
    if tables is None or claim_of(asked, with_patients=True) == "cohort":
        points, line = line_of_seeds(ratios, table)
    else:
        points, line = line_of_patients(ratios, tables)
    made = replace(made, points=points, line=line)
    if tables is None:
        return made
    return _of_population(made, asked, tables, ratios)


def _of_population(
    made: TrendTest, asked: ComparisonSpec, tables: NDArray[np.float64], ratios: Sequence[float]
) -> TrendTest:
    """Add the reading for patients like these: the slope of each patient who was scored at every ratio."""
    found = two_way(patient_trend_differences(ratios, tables))
    made = replace(
        made,
        patients=found.n_patients,
        population_per_halving=_negative(found.mean),
        population_low=_negative(found.high),
        population_high=_negative(found.low),
        population_p=found.p,
    )
    if claim_of(asked, with_patients=True) == "cohort":
        return made
    return replace(
        made,
        claim="population",
        n_seeds=found.n_seeds,
        per_halving=made.population_per_halving,
        ci_low=made.population_low,
        ci_high=made.population_high,
        t=_negative(found.t),
        degrees_of_freedom=found.df,
        p=found.p,
    )


def interactions(
    asked: ComparisonSpec, measure: Measure, pairs: Scored, experiment: Experiment, unfinished: int
) -> list[Interaction]:
    """Test for each ablation whether it changes the mean lead over the train ratios; corrected over ablations."""
    if _NONE not in experiment.ablations or asked.tuned_on is not None:
        return []
    sign = 1.0 if measure.higher_is_better else -1.0
    of_seeds: dict[str, dict[int, float]] = {}
    for ablation in experiment.ablations:
        chosen = [pair for pair, _ in pairs if pair.ablation == ablation]
        table = sign * _by_seed(chosen, experiment.train_ratios, experiment, "train_ratio")
        seeds = list(dict.fromkeys(pair.seed for pair in chosen))
        of_seeds[ablation] = {seed: float(row.mean()) for seed, row in zip(seeds, table, strict=True)}
    found = []
    for ablation in experiment.ablations:
        if ablation == _NONE:
            continue
        both = [seed for seed in of_seeds[_NONE] if seed in of_seeds[ablation]]
        changed, usual = (np.array([of_seeds[name][seed] for seed in both]) for name in (ablation, _NONE))
        test = interaction(changed, usual)
        found.append(
            Interaction(
                metric=measure.name,
                label=measure.label,
                model=asked.model,
                against=asked.against,
                ablation=ablation,
                n_seeds=test.n,
                difference=test.difference,
                ci_low=test.ci_low,
                ci_high=test.ci_high,
                t=test.t,
                degrees_of_freedom=test.degrees_of_freedom,
                p=test.p,
                unfinished=unfinished,
            )
        )
    after = holm([row.p for row in found])
    told = [replace(row, p_holm=p, family_size=len(found)) for row, p in zip(found, after, strict=True)]
    return [replace(row, verdict=interaction_verdict(row)) for row in told]


def trends_corrected(parts: Sequence[Sequence[TrendTest]], tests: Sequence[ComparisonSpec]) -> list[list[TrendTest]]:
    """Trend tests, each corrected within its family: one metric's is alone unless a wider family is declared."""
    names = [
        [family_of(item, row.metric, row.label, tests) for row in part] for part, item in zip(parts, tests, strict=True)
    ]
    sizes = Counter(name for of_part in names for name in of_part)
    after = within_families(holm, [[row.p for row in part] for part in parts], names)
    finished = []
    for part, of_part, corrected in zip(parts, names, after, strict=True):
        told = [
            replace(row, p_holm=p, family_size=sizes[name])
            for row, name, p in zip(part, of_part, corrected, strict=True)
        ]
        finished.append([replace(row, verdict=trend_verdict(row)) for row in told])
    return finished


def _by_seed(
    pairs: Sequence[PairScore], columns: Sequence[float], experiment: Experiment, name: str
) -> NDArray[np.float64]:
    """Differences as seeds x columns, mean over folds; NaN where a fold is missing."""
    wanted = [(column, fold) for column in columns for fold in experiment.folds]
    table = seed_table(((pair.seed, (getattr(pair, name), pair.fold), pair.difference) for pair in pairs), wanted)
    known = table[:, : len(wanted)]
    means: NDArray[np.float64] = known.reshape(len(table), len(columns), len(experiment.folds)).mean(axis=2)
    return means


def _negative(value: float | None) -> float | None:
    """The change per halving, from the change per doubling."""
    return None if value is None else -value
