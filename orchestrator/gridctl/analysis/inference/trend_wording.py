"""Verdicts on a trend, and on an ablation's effect on a lead."""

from __future__ import annotations

from gridctl.analysis.model import Interaction, TrendTest
from gridctl.analysis.wording import FEWEST_PAIRS, LEVEL, prints_as_zero
from gridctl_trainer.contract.wording import count


def trend_verdict(row: TrendTest) -> str:
    """The verdict on a trend, given its corrected p."""
    if row.unfinished:
        return f"no answer yet: {count(row.unfinished, 'pair')} not complete"
    if row.per_halving is None:
        scored = "no patient was scored" if row.claim == "population" else "no seed has a pair"
        return f"{scored} at every train ratio, so there is no trend to test"
    if row.p is None or row.p_holm is None:
        if row.claim == "population" and row.patients == 1:
            return "one patient is not enough to test a trend over patients; validate on more"
        if row.n_seeds == 1:
            return "one seed is not enough to test a trend; add seeds"
        return "the same trend in every seed, so there is no spread to test against"
    if not is_significant_trend(row):
        few = f"; {count(row.n_seeds, 'seed')} are too few" if row.p_holm <= LEVEL and _few(row) else ""
        return f"no trend over the train ratio is shown{few}"
    word = "grows" if row.per_halving > 0 else "shrinks"
    against = f", against what was declared ({row.declared})" if row.declared and row.declared != word else ""
    lead = f"the lead of {row.model} over {row.against}"
    return f"{lead} {word} by {abs(row.per_halving):.3f} for every halving of the data{against}"


def is_significant_trend(row: TrendTest) -> bool:
    """Whether a trend is significant: corrected p at most the level, with enough seeds."""
    if row.p_holm is None or row.per_halving is None or row.unfinished or prints_as_zero(row.per_halving):
        return False
    return row.p_holm <= LEVEL and not _few(row)


def interaction_verdict(row: Interaction) -> str:
    """The verdict on an ablation's effect on a lead, given its corrected p."""
    if row.unfinished:
        return f"no answer yet: {count(row.unfinished, 'pair')} not complete"
    if row.p is None or row.p_holm is None or row.difference is None:
        return "not tested: it takes two seeds with every train ratio, and some spread"
    if row.p_holm > LEVEL or row.n_seeds < FEWEST_PAIRS or prints_as_zero(row.difference):
        return "no effect on the lead is shown"
    word = "larger" if row.difference > 0 else "smaller"
    return f"under {row.ablation} the lead of {row.model} over {row.against} is {word} by {abs(row.difference):.3f}"


def _few(row: TrendTest) -> bool:
    return row.n_seeds < FEWEST_PAIRS or (row.claim == "population" and row.patients < FEWEST_PAIRS)
