"""Correction of the tests of subgroups that an experiment declares; exploratory ones enter no family."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from gridctl.analysis.model.subgroup import SubgroupDifference, SubgroupTest
from gridctl.analysis.statistics.multiplicity import holm, within_families
from gridctl.experiment.schema import ComparisonSpec

Row = TypeVar("Row", SubgroupTest, SubgroupDifference)


def declared_corrected(
    parts: Sequence[Sequence[Row]], tests: Sequence[ComparisonSpec], verdict_of: Callable[[Row, ComparisonSpec], str]
) -> list[list[Row]]:
    """Correct the declared tests within their families, and add the verdicts.

    Args:
        parts: Tests of each comparison.
        tests: The comparison of each part.
        verdict_of: The verdict on a row whose p is corrected.
    """
    names = [[row.family for row in part] for part in parts]
    sizes = Counter(name for of_part in names for name in of_part)
    after = within_families(holm, [[row.p if row.declared else None for row in part] for part in parts], names)
    finished = []
    for part, corrected, asked in zip(parts, after, tests, strict=True):
        told = [
            replace(row, p_holm=p, family_size=sizes[row.family] if row.declared else 0)
            for row, p in zip(part, corrected, strict=True)
        ]
        finished.append([replace(row, verdict=verdict_of(row, asked)) for row in told])
    return finished
