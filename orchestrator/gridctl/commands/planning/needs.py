"""How many seeds and patients the effects of an experiment's comparisons need."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from gridctl.analysis.compared_scores import as_scored
from gridctl.analysis.inference.claims import claim_of
from gridctl.analysis.inference.families import (
    asked_tests,
    family_of,
    family_sizes,
    is_secondary,
    overall_family_of,
    overall_family_sizes,
)
from gridctl.analysis.inference.subgroup_tests import SubgroupSizes, declared_sizes
from gridctl.analysis.request import ReportRequest
from gridctl.analysis.scores import Scored
from gridctl.analysis.statistics.power import deviation_interval
from gridctl.analysis.wording import LEVEL
from gridctl.collection.collect import Collected
from gridctl.commands.planning.grid_spread import OverGrid, measured_over_grid, power_over_grid
from gridctl.commands.planning.measured_spread import Spread, measured_spread
from gridctl.commands.planning.stopping_power import StoppingPower, population_power
from gridctl.experiment import Experiment
from gridctl.experiment.schema import ComparisonSpec
from gridctl.experiment.scores.measures import Measure

_STANDARDISED: Final = (0.5, 1.0, 2.0)
"""Effects in units of the deviation of differences, used if that is not known."""


@dataclass(frozen=True, slots=True)
class Need:
    """How many seeds one comparison needs on one metric.

    Attributes:
        label: What the score is called in text.
        effect: Mean difference worth finding; where `standardised`, in units of the deviation.
        deviation: Of the paired differences; None where neither declared nor measured.
        source: `declared`, `measured at ratio 0.2 over 5 pairs`, or `unknown`.
        seeds: How many the grid has.
        power_now: Power to find the effect with them, by one test alone.
        seeds_needed: For the wanted power, one test alone; None if more than 10,000.
        seeds_needed_holm: The same where the smallest p of `tests` must reach 0.05 / tests.
        pairs: Of each cell: seeds x folds. Power now is of so many, though folds of one seed share patients.
        seeds_low, seeds_high: `seeds_needed` at the ends of the 95% interval of a measured deviation; else None.
        claim: The population of the report's headline: `cohort` or `population`.
        patients: How many the variances below were measured on; 0 without scores of patients.
        sd_seed, sd_patient, sd_residual: Of paired differences: between seeds, between patients, and what is left.
        population_power_now: Chance to find the effect for patients like these, one test alone.
        population_seeds_needed: For the wanted power with these patients; None where no number of seeds is enough.
        patients_needed: For the wanted power with these seeds; None where no number of patients is enough.
        population_power_now_holm, population_seeds_needed_holm, patients_needed_holm: The same where the smallest p of
            `tests` must reach 0.05 / tests.
        over_grid: The same of the test over the whole grid, which a report makes first; None for one cell, without a
            declared effect, and until three seeds have a pair in every cell.
        subgroups: By what subgroups are declared: `pathology`.
        subgroup_tests: Tests of the family of declared subgroups, of the patients scored so far; 0 before any is.
        subgroup_difference_tests: Tests of the family of whether the difference is the same in all of them; likewise.
        looks: Seeds of each declared look (`compare.stopping`); empty for one look, or one after every seed. Power is
            then that of all looks up to the grid's seeds, for patients like these that of the last of them; the seeds
            needed are those of the look that is enough, or of a later last look.
        anytime: Whether it is looked at after every seed: power for these patients is then that of all looks.
    """

    model: str
    against: str
    metric: str
    label: str
    effect: float
    standardised: bool
    deviation: float | None
    source: str
    power: float
    tests: int
    seeds: int
    power_now: float
    seeds_needed: int | None
    seeds_needed_holm: int | None
    pairs: int = 0
    seeds_low: int | None = None
    seeds_high: int | None = None
    claim: str = "cohort"
    patients: int = 0
    sd_seed: float | None = None
    sd_patient: float | None = None
    sd_residual: float | None = None
    population_power_now: float | None = None
    population_seeds_needed: int | None = None
    patients_needed: int | None = None
    population_power_now_holm: float | None = None
    population_seeds_needed_holm: int | None = None
    patients_needed_holm: int | None = None
    over_grid: OverGrid | None = None
    subgroups: Sequence[str] = ()
    subgroup_tests: int = 0
    subgroup_difference_tests: int = 0
    looks: Sequence[int] = ()
    anytime: bool = False


def needs(experiment: Experiment, collected: Collected) -> Iterator[Need]:
    """Each effect of each comparison on each of its metrics.

    Args:
        experiment: Its grid and what it compares.
        collected: What was measured of it so far.
    """
    experiment = as_scored(experiment, collected.runs, collected.epochs, collected.cases, collected.measures)
    collected = replace(collected, measures={**collected.measures, **experiment.measures})
    finished = collected.runs.loc[collected.runs["finished"], "run_id"]
    epochs = collected.epochs[collected.epochs["run_id"].isin(finished)]
    tests = asked_tests(experiment, ReportRequest(significance=True))
    sizes, whole_sizes = family_sizes(tests, experiment), overall_family_sizes(tests, experiment)
    groups = declared_sizes(tests, Scored(epochs, collected.cases, experiment.measures), experiment)
    for asked in tests:
        if asked.model == asked.against:
            continue
        for metric in asked.metrics:
            if is_secondary(asked, metric):
                continue
            measure = experiment.measures[metric]
            spread = measured_spread(asked, metric, collected, epochs)
            together = sizes[family_of(asked, metric, measure.label, tests)]
            seeds = len(experiment.seeds)
            over_grid = None
            if asked.effect is not None and (grid := measured_over_grid(asked, metric, collected, epochs, experiment)):
                whole = whole_sizes[overall_family_of(asked, metric, measure.label, tests)]
                stopping = StoppingPower.of(asked, len(experiment.folds))
                over_grid = power_over_grid(grid, asked.effect, seeds, whole, asked.power, stopping)
            of_groups = groups.get((asked.model, asked.against, metric), SubgroupSizes())
            for need in _needs_of(asked, measure, spread, together, seeds, len(experiment.folds)):
                yield replace(
                    need,
                    over_grid=over_grid,
                    subgroups=asked.subgroups,
                    subgroup_tests=of_groups.within,
                    subgroup_difference_tests=of_groups.between,
                )


def _needs_of(
    asked: ComparisonSpec, measure: Measure, spread: Spread, tests: int, seeds: int, folds: int
) -> Iterator[Need]:
    deviation = spread.deviation
    standardised = asked.effect is None or deviation is None
    unit = 1.0 if standardised or deviation is None else deviation
    effects = _STANDARDISED if standardised or asked.effect is None else (asked.effect,)
    stopping = StoppingPower.of(asked, folds)
    rule = stopping.of_cells
    for effect in effects:

        def needed(of: float, level: float = LEVEL, effect: float = effect) -> int | None:
            pairs = rule.pairs_needed(effect / of, asked.power, level)
            return None if pairs is None else -(-pairs // folds)

        ends = deviation_interval(unit, spread.pairs) if spread.pairs > 1 and not standardised else None
        pairs = seeds * folds
        made = Need(
            model=asked.model,
            against=asked.against,
            metric=measure.name,
            label=measure.label,
            effect=effect,
            standardised=standardised,
            deviation=deviation,
            source=spread.source,
            power=asked.power,
            tests=tests,
            seeds=seeds,
            power_now=rule.power(effect / unit, pairs, LEVEL) if pairs > 1 else 0.0,
            seeds_needed=needed(unit),
            seeds_needed_holm=needed(unit, LEVEL / tests),
            pairs=pairs,
            seeds_low=needed(ends[0]) if ends else None,
            seeds_high=needed(ends[1]) if ends else None,
            claim=claim_of(asked, with_patients=measure.level != "slice"),
            looks=stopping.looks,
            anytime=stopping.anytime,
        )
        yield _of_population(made, spread, None if asked.effect is None else effect, stopping)


def _of_population(made: Need, spread: Spread, effect: float | None, stopping: StoppingPower) -> Need:
    """Add what a claim about patients like these takes; unchanged without scores of patients."""
    design, patients = spread.design, spread.patients
    if design is None:
        return made
    parts = design.parts
    made = replace(
        made,
        patients=patients,
        sd_seed=math.sqrt(parts.seed),
        sd_patient=math.sqrt(parts.patient),
        sd_residual=math.sqrt(parts.residual),
    )
    if effect is None:
        return made
    alone = population_power(design, effect, made.seeds, patients, made.power, LEVEL, stopping)
    corrected = population_power(design, effect, made.seeds, patients, made.power, LEVEL / made.tests, stopping)
    return replace(
        made,
        population_power_now=alone[0],
        population_seeds_needed=alone[1],
        patients_needed=alone[2],
        population_power_now_holm=corrected[0],
        population_seeds_needed_holm=corrected[1],
        patients_needed_holm=corrected[2],
    )
