"""Comparisons on subgroups: a corrected family if the experiment declares them, else exploratory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np

from gridctl.analysis.inference.claims import claim_of, patient_table, two_way_fields
from gridctl.analysis.inference.declared_subgroups import declared_corrected
from gridctl.analysis.inference.families import cells_of, family_of, is_secondary
from gridctl.analysis.inference.stopping import first_look, looked_at, stopped
from gridctl.analysis.inference.subgroup_wording import subgroup_verdict
from gridctl.analysis.model.subgroup import SubgroupTest
from gridctl.analysis.pairing.pairs import Pair, Pairs, pairs_by_cell
from gridctl.analysis.scorecards.subgroups import Subgroup, subgroups_of
from gridctl.analysis.scores import Observations, Scored
from gridctl.analysis.statistics.paired_t import paired_t
from gridctl.analysis.statistics.population.two_way import two_way
from gridctl.analysis.wording import FEWEST_PAIRS
from gridctl.experiment import Experiment
from gridctl.experiment.schema import ComparisonSpec
from gridctl.experiment.scores.measures import Measure, checkpoint_of_score


@dataclass(frozen=True, slots=True)
class SubgroupSizes:
    """Sizes of the two families of a comparison's declared subgroups by one score; 0 where no patient was scored yet.

    Attributes:
        within: Tests of the difference within each subgroup, in each cell.
        between: Tests of whether the difference is the same in all subgroups by one property, in each cell.
    """

    within: int = 0
    between: int = 0


def subgroup_family_of(asked: ComparisonSpec, measure: Measure, tests: Sequence[ComparisonSpec]) -> str:
    """The family of a comparison's declared subgroups by one score: apart from the tests of all patients."""
    return f"{family_of(asked, measure.name, measure.label, tests)}, subgroups"


def tested_subgroups(
    asked: ComparisonSpec, measure: Measure, scored: Scored, observations: Observations
) -> list[Subgroup]:
    """The subgroups of one score, by each property with at least two values; none for a score without patients."""
    checkpoint = checkpoint_of_score(asked.score)
    if checkpoint is None or measure.name not in observations.patients or is_secondary(asked, measure.name):
        return []
    found = subgroups_of(scored.cases, measure, scored.measures, checkpoint, observations.patients[measure.name])
    names = Counter(group.by for group in found)
    return [group for group in found if names[group.by] > 1]


def subgroup_tests(
    asked: ComparisonSpec,
    pairs: Pairs,
    subgroups: Mapping[str, Sequence[Subgroup]],
    experiment: Experiment,
    tests: Sequence[ComparisonSpec],
) -> Iterator[SubgroupTest]:
    """Test one comparison on each subgroup in each cell; p is not corrected yet.

    Args:
        asked: What is compared.
        pairs: Its pairs.
        subgroups: By score, all of its subgroups.
        experiment: Its grid.
        tests: All tests that are asked for.
    """
    cells = cells_of(asked, experiment)
    by_cell, unfinished = pairs_by_cell(pairs.complete), pairs.unfinished
    looked = {cell: looked_at(asked, by_cell[cell], experiment) for cell in cells}
    for metric, found in subgroups.items():
        measure = experiment.measures[metric]
        declared = sum(group.by in asked.subgroups for group in found) * len(cells)
        family = subgroup_family_of(asked, measure, tests)
        for group in found:
            for cell in cells:
                is_declared = group.by in asked.subgroups
                row = SubgroupTest(
                    by=group.by,
                    subgroup=group.name,
                    compared=metric,
                    metric=group.measure.name,
                    label=group.measure.label,
                    higher_is_better=group.measure.higher_is_better,
                    train_ratio=cell[0],
                    ablation=cell[1],
                    model=asked.model,
                    against=asked.against,
                    declared=is_declared,
                    family=family if is_declared else "",
                    claim=claim_of(asked, with_patients=True),
                    unfinished=0 if asked.stopping != "fixed" else unfinished[cell],
                )
                yield _tested(row, asked, group, looked[cell], declared)


def _tested(
    row: SubgroupTest, asked: ComparisonSpec, group: Subgroup, pairs: Sequence[Pair], tests: int
) -> SubgroupTest:
    """The row with the test of its claim, as of a cell."""
    known = [(pair.seed, group.pair(pair.model_run, pair.against_run)) for pair in pairs]
    shared = [(seed, of_pair) for seed, of_pair in known if len(of_pair.patients)]
    first, second = (np.array([getattr(pair, side).mean() for _, pair in shared]) for side in ("model", "against"))
    t = paired_t(first, second)
    patients = len({name for _, pair in shared for name in pair.patients})
    row = replace(row, n_seeds=len({seed for seed, _ in shared}), patients=patients, difference=t.difference)
    if patients < FEWEST_PAIRS or len(shared) < FEWEST_PAIRS:
        return row
    if row.claim == "population":
        row = replace(row, **two_way_fields(two_way(patient_table(shared))))
    else:
        row = replace(row, test="none" if t.p is None else "paired t", ci_low=t.ci_low, ci_high=t.ci_high)
        row = replace(row, t=t.t, degrees_of_freedom=t.degrees_of_freedom, p=t.p)
    plain = asked.model_copy(update={"equivalence_margin": None})
    told = stopped(asdict(row), plain, first - second, tests)
    row = replace(row, test=told["test"], ci_low=told["ci_low"], ci_high=told["ci_high"], p=told["p"])
    return row if row.declared else replace(row, p=None)


def subgroups_corrected(
    parts: Sequence[Sequence[SubgroupTest]], tests: Sequence[ComparisonSpec]
) -> list[list[SubgroupTest]]:
    """The declared tests, each corrected within the family of all declared ones, with their verdicts.

    Args:
        parts: Tests of each comparison.
        tests: The comparison of each part.
    """
    return declared_corrected(parts, tests, lambda row, asked: subgroup_verdict(row, first_look(asked)))


def declared_sizes(
    tests: Sequence[ComparisonSpec], scored: Scored, experiment: Experiment
) -> dict[tuple[str, str, str], SubgroupSizes]:
    """How many declared tests of subgroups there will be, by the patients scored so far.

    Args:
        tests: All tests that are asked for.
        scored: The data of finished runs.
        experiment: Its grid.

    Returns:
        By model, against and score.
    """
    families: dict[tuple[str, str, str], str] = {}
    within: Counter[str] = Counter()
    between: Counter[str] = Counter()
    for asked in tests:
        if not asked.subgroups or asked.model == asked.against:
            continue
        observations = Observations.of(scored, asked.metrics, "run", asked.score)
        cells = len(cells_of(asked, experiment))
        for metric in asked.metrics:
            if is_secondary(asked, metric):
                continue
            measure = experiment.measures[metric]
            declared = [
                group.by
                for group in tested_subgroups(asked, measure, scored, observations)
                if group.by in asked.subgroups
            ]
            family = families[asked.model, asked.against, metric] = subgroup_family_of(asked, measure, tests)
            within[family] += len(declared) * cells
            between[family] += len(set(declared)) * cells
    return {key: SubgroupSizes(within[family], between[family]) for key, family in families.items()}


def subgroup_warnings(
    asked: ComparisonSpec,
    subgroups: Mapping[str, Sequence[Subgroup]],
    observations: Observations,
    measures: Sequence[Measure],
) -> Iterator[str]:
    """Warnings about declared subgroups that cannot be tested.

    Args:
        asked: What is compared.
        subgroups: By score, all of its subgroups.
        observations: Scores of finished runs.
        measures: The scores that are compared.
    """
    for measure in measures if asked.subgroups else ():
        if measure.name not in observations.patients:
            yield (
                f"compare.subgroups names {', '.join(asked.subgroups)}, and {measure.label} has no score of each "
                "patient: compare a score of cases, such as validation.dice"
            )
            continue
        there = {group.by for group in subgroups[measure.name]}
        lacking = [by for by in asked.subgroups if by not in there]
        if lacking and observations.of_run.get(measure.name):
            yield (
                f"compare.subgroups names {', '.join(lacking)}, and the patients scored by {measure.label} are not of "
                f"two kinds of {'it' if len(lacking) == 1 else 'them'}: not tested, and not counted"
            )
