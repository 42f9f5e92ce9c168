"""Whether the difference between two models is the same in all subgroups by one property."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gridctl.analysis.inference.claims import TWO_WAY, claim_of, patient_tables
from gridctl.analysis.inference.declared_subgroups import declared_corrected
from gridctl.analysis.inference.families import cells_of, family_of
from gridctl.analysis.inference.stopping import first_look, looked_at
from gridctl.analysis.inference.subgroup_wording import difference_verdict
from gridctl.analysis.model.subgroup import SubgroupDifference
from gridctl.analysis.pairing.pairs import Pair, Pairs, pairs_by_cell
from gridctl.analysis.scorecards.subgroups import COLUMN_OF, Subgroup
from gridctl.analysis.statistics.moderators.groups import GroupDifference, between_patients, over_seeds, within_patients
from gridctl.analysis.statistics.sequential.looks import adjusted_p
from gridctl.analysis.wording import FEWEST_PAIRS
from gridctl.experiment import Experiment
from gridctl.experiment.schema import ComparisonSpec, DeclaredLooks

WELCH: Final = "Welch F"
OVER_SEEDS: Final = "paired t"


def subgroup_differences(
    asked: ComparisonSpec,
    pairs: Pairs,
    subgroups: Mapping[str, Sequence[Subgroup]],
    experiment: Experiment,
    tests: Sequence[ComparisonSpec],
) -> Iterator[SubgroupDifference]:
    """Test every property of every score in each cell; p is not corrected yet.

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
        label = experiment.measures[metric].label
        family = f"{family_of(asked, metric, label, tests)}, differences between subgroups"
        for by in dict.fromkeys(group.by for group in found):
            groups = [group for group in found if group.by == by]
            for cell in cells:
                row = SubgroupDifference(
                    by=by,
                    compared=metric,
                    label=label,
                    train_ratio=cell[0],
                    ablation=cell[1],
                    model=asked.model,
                    against=asked.against,
                    declared=by in asked.subgroups,
                    family=family if by in asked.subgroups else "",
                    claim=claim_of(asked, with_patients=True),
                    unfinished=0 if asked.stopping != "fixed" else unfinished[cell],
                )
                yield _tested(row, asked, groups, looked[cell])


def _tested(
    row: SubgroupDifference, asked: ComparisonSpec, groups: Sequence[Subgroup], pairs: Sequence[Pair]
) -> SubgroupDifference:
    """The row with the test of its claim, between the subgroups with enough patients and seeds."""
    scored = [
        (pair.seed, group.name, of_pair)
        for pair in pairs
        for group in groups
        if (of_pair := group.pair(pair.model_run, pair.against_run)).patients
    ]
    names = [group.name for group in groups]
    tables = patient_tables(scored, names)
    known = np.isfinite(tables)
    fewest = np.minimum(known.any(axis=2).sum(axis=1), known.any(axis=1).sum(axis=1))
    enough = np.flatnonzero(fewest >= FEWEST_PAIRS)
    row = replace(
        row,
        subgroups=tuple(names[at] for at in enough),
        n_seeds=int(known[enough].any(axis=(0, 2)).sum()),
        patients=int(known[enough].any(axis=(0, 1)).sum()),
    )
    if len(enough) < 2:
        return row
    leads = [float(np.nanmean(tables[at])) for at in enough]
    row = replace(
        row,
        largest=row.subgroups[leads.index(max(leads))],
        largest_difference=max(leads),
        smallest=row.subgroups[leads.index(min(leads))],
        smallest_difference=min(leads),
    )
    if asked.stopping == "anytime":
        return row
    test, found = _test(row.claim, row.by, tables[enough])
    if found.p is None:
        return row
    return replace(
        row,
        test=test,
        statistic=found.statistic,
        degrees_of_freedom=found.df_groups,
        error_degrees_of_freedom=found.df_error,
        p=_at_looks(asked, row.claim, found.p),
    )


def _test(claim: str, by: str, tables: NDArray[np.float64]) -> tuple[str, GroupDifference]:
    """The test of some subgroups, of shape (subgroups, seeds, patients)."""
    known: NDArray[np.bool_] = np.isfinite(tables)
    if claim == "cohort":
        count = known.sum(axis=2)
        means = np.where(count > 0, np.nansum(tables, axis=2) / np.maximum(count, 1), np.nan)
        return OVER_SEEDS, over_seeds(means)
    if by not in COLUMN_OF:
        return TWO_WAY, within_patients(list(tables))
    scored = np.flatnonzero(known.any(axis=(0, 1)))
    of_patient = np.argmax(np.any(known[:, :, scored], axis=1), axis=0)
    differences = np.where(known.any(axis=0), np.nansum(tables, axis=0), np.nan)[:, scored]
    return WELCH, between_patients(differences, of_patient.tolist())


def _at_looks(asked: ComparisonSpec, claim: str, p: float) -> float:
    if not isinstance(asked.stopping, DeclaredLooks):
        return p
    looks = asked.stopping.looks
    return adjusted_p(p, looks) if claim == "cohort" else min(1.0, len(looks) * p)


def differences_corrected(
    parts: Sequence[Sequence[SubgroupDifference]], tests: Sequence[ComparisonSpec]
) -> list[list[SubgroupDifference]]:
    """The declared tests, each corrected within its family, with their verdicts.

    Args:
        parts: Tests of each comparison.
        tests: The comparison of each part.
    """

    def said(row: SubgroupDifference, asked: ComparisonSpec) -> str:
        return difference_verdict(row, first_look(asked), anytime=asked.stopping == "anytime")

    return declared_corrected(parts, tests, said)
