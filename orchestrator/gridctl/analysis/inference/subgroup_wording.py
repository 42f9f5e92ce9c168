"""Verdicts on tests of subgroups."""

from __future__ import annotations

from gridctl.analysis.model.subgroup import SubgroupDifference, SubgroupTest
from gridctl.analysis.wording import FEWEST_PAIRS, LEVEL, prints_as_zero
from gridctl_trainer.contract.wording import count

EXPLORATORY = "exploratory: not declared, so no verdict"


def subgroup_verdict(row: SubgroupTest, first_look: int = 0) -> str:
    """The verdict on one subgroup, given its corrected p.

    Args:
        row: The test.
        first_look: Pairs of the first declared look; 0 where none is declared.
    """
    if row.unfinished:
        return f"no answer yet: {count(row.unfinished, 'pair')} not complete"
    if row.difference is None:
        if first_look:
            return f"no answer yet: the first declared look is at {first_look} pairs"
        return "no patient of it has a score in both models"
    if few := too_few(row):
        return f"{few}: too few to test"
    if not row.declared:
        return EXPLORATORY
    if row.p is None or row.p_holm is None:
        return "all differences are exactly the same, so there is no spread to test against"
    if is_significant_subgroup(row):
        better, worse = (row.model, row.against) if is_ahead(row) else (row.against, row.model)
        return f"{better} is better than {worse}"
    return "no difference is shown"


def too_few(row: SubgroupTest) -> str:
    """`2 patients` if a subgroup has too few patients, or seeds; else empty."""
    if row.patients < FEWEST_PAIRS:
        return count(row.patients, "patient")
    return count(row.n_seeds, "seed") if row.n_seeds < FEWEST_PAIRS else ""


def is_ahead(row: SubgroupTest) -> bool:
    """Whether the model scores better than the one it is compared with."""
    return ((row.difference or 0) > 0) == row.higher_is_better


def is_significant_subgroup(row: SubgroupTest) -> bool:
    """Whether a difference is significant: declared, corrected p at most the level, and large enough to be shown."""
    if not row.declared or row.p_holm is None or row.difference is None or row.unfinished or too_few(row):
        return False
    return row.p_holm <= LEVEL and not prints_as_zero(row.difference)


def difference_verdict(row: SubgroupDifference, first_look: int = 0, *, anytime: bool = False) -> str:
    """The verdict on whether a difference is the same in all subgroups, given its corrected p.

    Args:
        row: The test.
        first_look: Pairs of the first declared look; 0 where none is declared.
        anytime: Whether the comparison is looked at after every seed.
    """
    if row.unfinished:
        return f"no answer yet: {count(row.unfinished, 'pair')} not complete"
    if first_look and not row.n_seeds:
        return f"no answer yet: the first declared look is at {first_look} pairs"
    if len(row.subgroups) < 2:
        return f"fewer than two subgroups have {FEWEST_PAIRS} patients and {FEWEST_PAIRS} seeds: too few to test"
    if not row.declared:
        return EXPLORATORY
    if anytime:
        return "not tested: subgroups are not compared with each other after every seed"
    if row.p is None or row.p_holm is None:
        return "the same in every patient or seed, so there is no spread to test against"
    if is_significant_difference(row):
        return "the difference is not the same in all subgroups"
    return "no difference between the subgroups is shown"


def is_significant_difference(row: SubgroupDifference) -> bool:
    """Whether the difference is another in some subgroup: declared, corrected p at most the level, and shown."""
    if not row.declared or row.p_holm is None or row.unfinished:
        return False
    far = (row.largest_difference or 0) - (row.smallest_difference or 0)
    return row.p_holm <= LEVEL and not prints_as_zero(far)
