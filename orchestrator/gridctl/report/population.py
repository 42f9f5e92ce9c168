"""The population that a result is about, and what the other reading says: a claim needs its population."""

from __future__ import annotations

from gridctl.analysis.model import ComparisonRow, Overall
from gridctl.analysis.wording import FEWEST_PAIRS
from gridctl.report.numbers import confidence, p_equals, signed
from gridctl.report.scope import Scope
from gridctl.terminal.console import count


def spoken_of(row: ComparisonRow | Overall, scope: Scope) -> str:
    """The population of a headline; without a full stop.

    Args:
        row: The test that the headline leads with.
        scope: Whose patients the score is of.
    """
    how = ". Test: that of Nadeau and Bengio, over random splits" if _is_resplit(row) else ""
    return f"Population: {scope.of_claim(row.claim, row.patients)}{how}"


def other_reading(row: ComparisonRow | Overall, scope: Scope, *, looked: bool) -> str:
    """What the reading that is not declared says about the same scores, as a sentence of its own; or nothing.

    Args:
        row: The test that the headline leads with.
        scope: Whose patients the score is of.
        looked: Whether the declared one allows for several looks, which this one does not.
    """
    reading = "cohort" if row.claim == "population" else "population"
    difference, low, high, p = (getattr(row, f"{reading}_{part}") for part in ("difference", "low", "high", "p"))
    if difference is None or p is None or row.n_seeds < FEWEST_PAIRS:
        return ""
    name = (
        "These patients alone" if reading == "cohort" else f"Beside that, for new patients like those of {scope.scored}"
    )
    once = " (valid only for one look that was planned beforehand)" if looked else ""
    return f". {name}{once}: {signed(difference)}, {confidence(low, high)}, {p_equals(p)}"


def _is_resplit(row: ComparisonRow | Overall) -> bool:
    return isinstance(row, ComparisonRow) and row.test == "Nadeau-Bengio"


def counted(row: ComparisonRow | Overall) -> str:
    """`n = 5 pairs`, or `n = 5 seeds, 24 patients`: the sample of the test."""
    if _is_resplit(row):
        return f"n = {count(row.n_seeds, 'split')} with {count(row.patients, 'patient')} scored in each"
    if row.claim == "population" and row.n_seeds:
        return f"n = {count(row.n_seeds, 'seed')}, {count(row.patients, 'patient')}"
    if isinstance(row, ComparisonRow) and row.test == "welch":
        return f"n = {row.n_model} and {count(row.n_against, 'run')}"
    return f"n = {count(row.n_seeds, 'seed')}" if isinstance(row, Overall) else f"n = {count(row.n_pairs, 'pair')}"
